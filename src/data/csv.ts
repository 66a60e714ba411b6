/**
 * Images as rows of a CSV, as on Kaggle: one row per image, one cell per value (0 to 255), with the label, if any,
 * in the first cell. Line ends are LF or CRLF; the last one may be missing.
 *
 * The first line decides: `label,pixel0,…` has labels, `pixel0,…` has none. Without a header, the first column is
 * the label if the other columns form a square (or the shape given by the caller).
 */
import { DataError } from '../errors.js';
import { type ImageShape, type RawImages, shapeText } from './dataset.js';
import { maxLabel } from './labels.js';

export interface CsvOptions {
  /** Shape of the images, channels last; default: a greyscale square. */
  readonly shape?: ImageShape;
}

const comma = 0x2c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const digitZero = 0x30;
const point = 0x2e;
/** A longer first line cannot be a header: a million named pixels take fewer bytes. */
const longestLine = 2 ** 24;
/** The longest cell that can be a number from 0 to 65535, with quotes, spaces and zeros. */
const longestCell = 64;

/**
 * Reads a whole CSV of images. A scanner over the bytes: 77 MB take about a third of a second; splitting text takes
 * ten times as long.
 *
 * Throws: DataError naming the file, and line and column if one is wrong (counted from 1).
 */
export function parseCsv(bytes: Uint8Array, name: string, options: CsvOptions = {}): RawImages {
  const begin = checkStart(bytes, name);
  const layout = readLayout(bytes, begin, name, options);
  const { hasLabels, columns, height, width, channels } = layout;
  const pixels = columns - (hasLabels ? 1 : 0);

  // A row of n cells has at least 2n − 1 characters and, except for the last row, a line end.
  const room = Math.ceil((bytes.length - layout.begin + 1) / (2 * columns));
  const images = new Uint8Array(room * pixels);
  const labels = new Uint16Array(hasLabels ? room : 0);
  const end = endOfText(bytes);
  let at = layout.begin;
  let count = 0;
  let next = 0;
  while (at < end) {
    const rowBegin = at;
    if (hasLabels) {
      const cell = readCell(bytes, at, end);
      if (cell === undefined || cell.value > maxLabel || bytes[cell.end] !== comma)
        explainRow(bytes, rowBegin, end, count, layout, name);
      labels[count] = cell.value;
      at = cell.end + 1;
    }
    for (let left = pixels; left > 0; left--) {
      const cellBegin = at;
      let value = 0;
      for (; at < end; at++) {
        const digit = bytes[at]! - digitZero;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      let closing = at < end ? bytes[at]! : lineFeed;
      // A slower reader handles rare forms, such as quoted cells.
      if (at === cellBegin || (closing !== comma && closing !== lineFeed && closing !== carriageReturn)) {
        const cell = readCell(bytes, cellBegin, end);
        if (cell === undefined) explainRow(bytes, rowBegin, end, count, layout, name);
        ({ value, end: at } = cell);
        closing = at < end ? bytes[at]! : lineFeed;
      }
      if (value > 255 || (closing === comma) !== left > 1)
        explainRow(bytes, rowBegin, end, count, layout, name);
      images[next++] = value;
      if (left > 1) at++;
    }
    at = afterLineEnd(bytes, at);
    count++;
  }
  if (count === 0) throw new DataError(`${name}: holds a header and no rows.`);
  // Tiny images of 0 and 1 may be intended; from 8×8 on, or written as 1.0, the values come from a tool that scales to 0 … 1.
  if (pixels >= 64 || bytes.includes(point, layout.begin)) checkRange(images.subarray(0, next), name);
  return {
    images: images.slice(0, next),
    count,
    height,
    width,
    channels,
    ...(hasLabels ? { labels: narrowed(labels.subarray(0, count)) } : {}),
  };
}

/**
 * Other tools store pixels as numbers from 0 to 1, which are integers in a black-and-white picture. Read as bytes,
 * they would all be black.
 */
function checkRange(images: Uint8Array, name: string): void {
  if (images.includes(1) && images.every((value) => value <= 1)) {
    throw new DataError(`${name}: all values are 0 or 1; expected integers from 0 to 255. ${byBytes}`);
  }
}

const byBytes = 'Multiply values from 0 to 1 by 255, and round them.';

/** A byte array if all labels fit. */
function narrowed(labels: Uint16Array): Uint8Array | Uint16Array {
  return labels.every((label) => label <= 0xff) ? Uint8Array.from(labels) : labels.slice();
}

/** Start of the text, after a byte order mark. Throws: DataError when the bytes are not a CSV. */
function checkStart(bytes: Uint8Array, name: string): number {
  const [a, b, c] = bytes;
  if (a === 0x50 && b === 0x4b) throw new DataError(`${name}: is a zip archive. Unpack it first.`);
  if (a === 0x1f && b === 0x8b) throw new DataError(`${name}: is gzip-compressed. Unpack it first.`);
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new DataError(`${name}: is in UTF-16. Save it as UTF-8 or ASCII.`);
  }
  const begin = a === 0xef && b === 0xbb && c === 0xbf ? 3 : 0;
  if (endOfText(bytes) <= begin) throw new DataError(`${name}: is empty, expected a CSV of images.`);
  return begin;
}

/** One past the last byte that is not a line end, which ignores blank lines at the end. */
function endOfText(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === lineFeed || bytes[end - 1] === carriageReturn)) end--;
  return end;
}

interface Layout {
  readonly hasHeader: boolean;
  readonly hasLabels: boolean;
  readonly columns: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Start of the first row. */
  readonly begin: number;
}

/** Reads the columns from the first line. */
function readLayout(bytes: Uint8Array, begin: number, name: string, { shape }: CsvOptions): Layout {
  const lineEnd = endOfLine(bytes, begin, endOfText(bytes));
  if (lineEnd - begin > longestLine) {
    throw new DataError(
      `${name}: its first line has ${lineEnd - begin} bytes, and at most ${longestLine} are read. Is it a CSV of images?`,
    );
  }
  const cells = textOf(bytes, begin, lineEnd).split(',').map(unquoted);
  const first = cells[0]!;
  if (cells.length === 1 && /[;\t]/.test(first)) {
    const other = first.includes(';') ? 'semicolons' : 'tabs';
    throw new DataError(`${name}: its columns are separated by ${other}, expected commas.`);
  }
  const hasHeader = !/^[+-]?\d+(\.\d*)?$/.test(first);
  const values = shape === undefined ? undefined : shape.height * shape.width * shape.channels;
  const hasLabels = hasHeader
    ? first.toLowerCase() === 'label'
    : cells.length > 1 && (values === undefined ? isSquare(cells.length - 1) : cells.length === values + 1);
  if (hasHeader) checkHeader(cells, name);
  const pixels = cells.length - (hasLabels ? 1 : 0);
  const layout = {
    hasHeader,
    hasLabels,
    columns: cells.length,
    begin: hasHeader ? afterLineEnd(bytes, lineEnd) : begin,
  };
  const counted = `${name}: the first line has ${pixels} column${pixels === 1 ? '' : 's'}${hasLabels ? ' after the label' : ''}`;
  if (shape !== undefined) {
    if (values !== pixels) {
      throw new DataError(`${counted}, but images of ${shapeText(shape)} need ${values}.`);
    }
    const { height, width, channels } = shape;
    return { ...layout, height, width, channels };
  }
  if (pixels === 0 || !isSquare(pixels)) {
    throw new DataError(
      `${counted}, which is not a square number of pixels. Name the images' height, width and channels.`,
    );
  }
  const side = Math.round(Math.sqrt(pixels));
  return { ...layout, height: side, width: side, channels: 1 };
}

/** `label` must be the first column or none; other names must look like pixels. */
function checkHeader(cells: readonly string[], name: string): void {
  const [first = ''] = cells;
  const place = cells.findIndex((cell) => cell.toLowerCase() === 'label');
  if (place > 0) {
    throw new DataError(
      `${name}: 'label' is column ${place + 1} of the header, expected it to be the first.`,
    );
  }
  // `pixel0`, `pixel1`, and `1x1` of another edition of MNIST.
  if (place < 0 && !/^(pixel|px|p)?_?\d+(x\d+)?$/i.test(first)) {
    throw new DataError(
      `${name}: its first column is called '${shortened(first)}', expected 'label' or, without labels, 'pixel0'.`,
    );
  }
}

function isSquare(count: number): boolean {
  return count > 0 && Number.isInteger(Math.sqrt(count));
}

function unquoted(cell: string): string {
  return cell
    .trim()
    .replace(/^"(.*)"$/, '$1')
    .trim();
}

/** End of the line that contains `at`, without the line end. */
function endOfLine(bytes: Uint8Array, at: number, end: number): number {
  while (at < end && bytes[at] !== lineFeed && bytes[at] !== carriageReturn) at++;
  return at;
}

/** Start of the next line, after LF, CR LF or CR. */
function afterLineEnd(bytes: Uint8Array, at: number): number {
  return at + (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed ? 2 : 1);
}

function textOf(bytes: Uint8Array, begin: number, end: number): string {
  return new TextDecoder().decode(bytes.subarray(begin, end));
}

/** A non-negative integer, possibly quoted, padded with spaces, or with zero decimals; undefined otherwise. */
function readCell(
  bytes: Uint8Array,
  begin: number,
  end: number,
): { readonly value: number; readonly end: number } | undefined {
  let at = begin;
  while (at < end && bytes[at] !== comma && bytes[at] !== lineFeed && bytes[at] !== carriageReturn) at++;
  if (at - begin > longestCell) return undefined;
  const digits = /^(\d+)(\.0*)?$/.exec(unquoted(textOf(bytes, begin, at)))?.[1];
  return digits === undefined ? undefined : { value: Number(digits), end: at };
}

/** The error for the row that starts at `begin`; only now counts lines and columns. */
function explainRow(
  bytes: Uint8Array,
  begin: number,
  end: number,
  row: number,
  { hasHeader, hasLabels, columns }: Layout,
  name: string,
): never {
  const line = row + (hasHeader ? 2 : 1);
  const lineEnd = endOfLine(bytes, begin, end);
  if (lineEnd - begin > longestLine) {
    throw new DataError(
      `${name}, line ${line}: has ${lineEnd - begin} bytes, and at most ${longestLine} are read. Are its line ends missing?`,
    );
  }
  const text = textOf(bytes, begin, lineEnd);
  if (text.trim() === '') throw new DataError(`${name}, line ${line}: the line is empty.`);
  const cells = text.split(',');
  for (const [column, cell] of cells.slice(0, columns).entries()) {
    const isLabel = hasLabels && column === 0;
    const most = isLabel ? maxLabel : 255;
    const found = unquoted(cell);
    const value = found === '' ? Number.NaN : Number(found);
    if (cell.length <= longestCell && /^\d+(\.0*)?$/.test(found) && value <= most) continue;
    const what = isLabel ? 'label' : 'value';
    const fault = Number.isNaN(value)
      ? found === ''
        ? 'the cell is empty'
        : `'${shortened(found)}' is not a number`
      : `the ${what} is ${shortened(found)}`;
    if (column === cells.length - 1 && cells.length < columns) break; // cut off: the count says more
    const remedy = !isLabel && value > 0 && value < 1 ? ` ${byBytes}` : '';
    throw new DataError(
      `${name}, line ${line}, column ${column + 1}: ${fault}; expected an integer from 0 to ${most}.${remedy}`,
    );
  }
  const cut = lineEnd === end && cells.length < columns ? ' It is the last line: is the file cut off?' : '';
  throw new DataError(
    `${name}, line ${line}: has ${cells.length} cell${cells.length === 1 ? '' : 's'}, expected ${columns} as in the first line.${cut}`,
  );
}

function shortened(text: string): string {
  return text.length > 20 ? `${text.slice(0, 20)}…` : text;
}
