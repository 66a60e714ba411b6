/** Where commands speak: people read standard output, or standard error when `--json` keeps output for a program. */
import process from 'node:process';
import { styleText } from 'node:util';
import { maxOf } from '../extent.js';

export interface Output {
  readonly stream: NodeJS.WriteStream;
  readonly hasColour: boolean;
  /** A line for people. */
  readonly say: (line: string) => void;
  /** The result for programs: one JSON object on the last line of standard output, with `--json` only. */
  readonly result: (value: object) => void;
}

export function openOutput({ json }: { readonly json?: boolean }): Output {
  const stream = json ? process.stderr : process.stdout;
  return {
    stream,
    hasColour: hasColour(stream),
    say: (line) => void stream.write(`${line}\n`),
    result: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** NO_COLOR, FORCE_COLOR and TERM=dumb as everywhere; else colour on a terminal. */
function hasColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return stream.isTTY && !NO_COLOR && TERM !== 'dumb';
}

export function bold(output: Output, text: string): string {
  return output.hasColour ? styleText('bold', text, { validateStream: false }) : text;
}

/** A path as one word of a command that a person copies into a shell. */
export function shellWord(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => maxOf(cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[\d.,+\-–%×eE ]*$/.test(String(row[column]))),
  );
  return cells
    .map((row) =>
      row
        .map((cell, column) =>
          isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
