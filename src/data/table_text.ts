/** The text of tables: lines and cells, separated by commas, semicolons or tabs. */

/** What the column of the labels is usually called. */
export const labelName = /^(labels?|class(es|_?name)?|target|category|digit|letter|character|y)$/i;

const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/** The lines with something in them, with their number, counted from 1. */
export function* linesOf(bytes: Uint8Array): Generator<readonly [line: string, number: number]> {
  const decoder = new TextDecoder();
  let [begin, count] = [0, 0];
  for (let at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && bytes[at] !== lineFeed && bytes[at] !== carriageReturn) continue;
    count++;
    if (at > begin) {
      const line = decoder.decode(bytes.subarray(begin, at));
      if (line.trim() !== '') yield [line, count];
    }
    if (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed) at++;
    begin = at + 1;
  }
}

export type Separator = ',' | ';' | '\t';

export function separatorOf(line: string): Separator {
  const count = (separator: string): number => line.split(separator).length;
  return ([';', '\t'] as const).find((each) => count(each) > count(',')) ?? ',';
}

export function cellsOf(line: string, separator: Separator): string[] {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  let [cell, isQuoted] = ['', false];
  for (let i = 0; i < line.length; i++) {
    const each = line[i]!;
    if (each === '"' && isQuoted && line[i + 1] === '"') cell += line[++i];
    else if (each === '"') isQuoted = !isQuoted;
    else if (each === separator && !isQuoted) {
      cells.push(cell);
      cell = '';
    } else cell += each;
  }
  return [...cells, cell];
}
