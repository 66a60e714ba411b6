/**
 * Where commands speak: people read standard output, or standard error when `--json` keeps output for a program.
 *
 * Names of files, classes and hosts are other people's: everything is written through `say`, `sayError` or `result`, which
 * show control characters as `\x1b` or `\n`, so that no name moves the cursor or fakes a line.
 */
import process from 'node:process';
import { maxOf } from '../extent.js';
import { visibleJson, visibleText } from '../visible_text.js';

export interface Output {
  readonly stream: NodeJS.WriteStream;
  readonly hasColour: boolean;
  /** Lines for people; a line break inside one is shown as `\n`. */
  readonly say: (...lines: string[]) => void;
  /** The result for programs: one JSON object on the last line of standard output, with `--json` only. */
  readonly result: (value: object) => void;
}

export function openOutput({ json }: { readonly json?: boolean }): Output {
  const stream = json ? process.stderr : process.stdout;
  const colour = hasColour(stream);
  return {
    stream,
    hasColour: colour,
    say: (...lines) => void stream.write(lines.map((line) => `${shown(line, colour)}\n`).join('')),
    result: (value) => {
      if (json) process.stdout.write(`${visibleJson(value)}\n`);
    },
  };
}

/** Lines on standard error, as those of an error. */
export function sayError(...lines: string[]): void {
  process.stderr.write(lines.map((line) => `${shown(line, false)}\n`).join(''));
}

/** NO_COLOR, FORCE_COLOR and TERM=dumb as everywhere; else colour on a terminal. */
function hasColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return stream.isTTY && !NO_COLOR && TERM !== 'dumb';
}

// ---- one line ----

/** Where bold begins and ends: two characters that Unicode keeps free of any meaning in text. */
const [boldOn, boldOff] = ['\ufdd0', '\ufdd1'];
/** A path has at most 4,096 bytes, twice that with what is said of it; what is longer has been made up. */
const longestLine = 10_000;

export function bold(output: Output, text: string): string {
  return output.hasColour ? `${boldOn}${text}${boldOff}` : text;
}

function shown(line: string, colour: boolean): string {
  const visible = visibleText(shortened(line, longestLine));
  const [on, off] = colour ? ['\x1b[1m', '\x1b[22m'] : ['', ''];
  const styled = visible.replaceAll(boldOn, on).replaceAll(boldOff, off);
  // A name may hold the first of the two characters alone.
  return styled.lastIndexOf(on) > styled.lastIndexOf(off) ? styled + off : styled;
}

/** At most `most` characters; what is cut off is counted. */
function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}

/** A path as one word of a command that a person copies into a shell. */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  const visible = visibleText(text);
  if (visible === text) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  // Bash and zsh read the numbers of characters inside $'…'.
  return `$'${visibleText(text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`))}'`;
}

// ---- columns ----

/** Names of folders have up to 255 characters, and columns would leave every screen. */
const widestName = 60;

/** A name that is followed by something in a column: visible, and not too long. */
export function columnName(name: string): string {
  const visible = visibleText(name);
  return visible.length <= widestName ? visible : `${visible.slice(0, widestName - 1)}…`;
}

/** Lines with columns padded to their widest cell; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => visibleText(String(cell))));
  const widths = head.map((_, column) => maxOf(cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = head.map(
    (_, column) => rows.length > 0 && rows.every((row) => /^[\d.,+\-–%×eE ]*$/.test(String(row[column]))),
  );
  return cells.map((row) =>
    row
      .map((cell, column) =>
        isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}
