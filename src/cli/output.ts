/**
 * What commands print. People read standard output, or standard error if `--json` reserves standard output for a program.
 *
 * Names of files, classes and hosts are untrusted. So everything is printed through `say`, `sayError` or `result`, which
 * escape control characters as `\x1b` or `\n`: no name can move the cursor or fake a line.
 */
import process from 'node:process';
import { maxOf } from '../extent.js';
import { visibleJson, visibleText } from '../visible_text.js';

export interface Output {
  readonly stream: NodeJS.WriteStream;
  readonly hasColour: boolean;
  /** Prints lines for the user; a line break inside one is escaped as `\n`. */
  readonly say: (...lines: string[]) => void;
  /** With `--json`, prints the result as one JSON object on the last line of standard output. */
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

/** Prints lines to standard error. */
export function sayError(...lines: string[]): void {
  process.stderr.write(lines.map((line) => `${shown(line, false)}\n`).join(''));
}

/** Whether to print in colour: on a terminal, unless NO_COLOR, FORCE_COLOR or TERM=dumb say otherwise. */
function hasColour(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '0') return true;
  return stream.isTTY && !NO_COLOR && TERM !== 'dumb';
}

// ---- one line ----

/** Mark where bold begins and ends: two Unicode noncharacters, which text does not contain. */
const [boldOn, boldOff] = ['\ufdd0', '\ufdd1'];
/** Paths have at most 4,096 bytes, so that a message with two of them fits; longer lines are attacks. */
const longestLine = 10_000;

export function bold(output: Output, text: string): string {
  return output.hasColour ? `${boldOn}${text}${boldOff}` : text;
}

function shown(line: string, colour: boolean): string {
  const visible = visibleText(shortened(line, longestLine));
  const [on, off] = colour ? ['\x1b[1m', '\x1b[22m'] : ['', ''];
  const styled = visible.replaceAll(boldOn, on).replaceAll(boldOff, off);
  // A name may contain the first of the two marks alone.
  return styled.lastIndexOf(on) > styled.lastIndexOf(off) ? styled + off : styled;
}

/** Cuts text to `most` characters and says how many were cut. */
function shortened(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${text.length - most} more characters)`;
}

/** Quotes a path, so that it is one word of a command that people copy into a shell. */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  const visible = visibleText(text);
  if (visible === text) return `'${text.replaceAll("'", String.raw`'\''`)}'`;
  // Bash and zsh interpret escapes such as \x1b inside $'…'.
  return `$'${visibleText(text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`))}'`;
}

/** `1 epoch`, `3 epochs`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

// ---- columns ----

/** Longer names are cut: folder names have up to 255 characters, and columns would not fit a screen. */
const widestName = 60;

/** A name for a table: control characters escaped, and not too long. */
export function columnName(name: string): string {
  const visible = visibleText(name);
  return visible.length <= widestName ? visible : `${visible.slice(0, widestName - 1)}…`;
}

/** Formats rows as lines with aligned columns; numbers are aligned to the right. */
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
