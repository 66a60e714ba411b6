/**
 * Tables of images as tools write them: separated by commas, semicolons or tabs; the label first, last or in a named column,
 * as a number or as text; with columns of indices; pixels as bytes, or as numbers from 0 to 1 or −1 to 1, with exponents.
 *
 * The plain form, bytes after a numeric label, is read by `parseCsv`, which is twenty times as fast.
 */
import { DataError } from '../errors.js';
import { type CsvOptions, parseCsv } from './csv.js';
import { type ImageShape, type RawImages, shapeText } from './dataset.js';
import { maxLabel, someOf } from './labels.js';
import { type Separator, cellsOf, labelName, linesOf, separatorOf } from './table_text.js';

export interface TableOptions extends CsvOptions {
  /** The column of the labels: its name in the header, 'first' or 'last'. Default: found by its name, or by its place. */
  readonly labelColumn?: string;
  /** The values of black and white, such as [0, 1]. Default: found from the values. */
  readonly pixelRange?: readonly [black: number, white: number];
}

export interface ImageTable extends RawImages {
  /** The classes, if the labels are text: labels are positions in it. */
  readonly labelNames?: readonly string[];
  /** What was found, in sentences; nothing for the plain form. */
  readonly notes: readonly string[];
}

const indexName = /^(|#|index|idx|(image|row|sample)?_?id|unnamed: ?0|row(_?number)?)$/i;
const pixelName = /^(pixel|px|p|x|f|feature|attr|v)?[ _.]?\d+(x\d+)?$/i;
const number = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const byte = /^\s*"?\s*\d{1,3}(\.0*)?\s*"?\s*$/;

/** Rows that decide what the columns are. */
const rowsSeen = 50;
const inOrder = new Intl.Collator('en', { numeric: true });

/** Throws: DataError naming the file, and line and column if one is wrong (counted from 1). */
export function parseImageTable(bytes: Uint8Array, name: string, options: TableOptions = {}): ImageTable {
  const first = firstLines(bytes);
  const { labelColumn, pixelRange } = options;
  if (first.length === 0 || (labelColumn === undefined && pixelRange === undefined && isPlain(first)))
    return { ...parseCsv(bytes, name, options), notes: [] };
  return parseGeneral(bytes, name, first, options);
}

// ---- the plain form ----

const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/** Those that decide; none for a file that is no text, or of enormous lines, which `parseCsv` explains. */
function firstLines(bytes: Uint8Array): string[] {
  const start = bytes.subarray(0, 2 ** 20);
  const isText = !start.includes(0) && !(start[0] === 0x50 && start[1] === 0x4b);
  if (
    !isText ||
    (bytes.length > start.length && !start.includes(lineFeed) && !start.includes(carriageReturn))
  )
    return [];
  const lines: string[] = [];
  for (const [line] of linesOf(start)) {
    lines.push(line);
    if (lines.length > rowsSeen) return lines;
  }
  // The last one may be cut off.
  if (bytes.length > start.length) lines.pop();
  return lines;
}

/** Bytes with commas, under a header that begins with a label or a pixel, or under none with the label first. */
function isPlain([first = '', ...rows]: readonly string[]): boolean {
  if (separatorOf(first) !== ',') return false;
  const cells = cellsOf(first, ',').map((cell) => cell.trim());
  const seen = rows.slice(0, rowsSeen).map((row) => cellsOf(row, ','));
  const isHeader = !number.test(cells[0]!);
  if (!isHeader) seen.unshift(cells);
  if (isHeader && !(cells[0]!.toLowerCase() === 'label' || pixelName.test(cells[0]!))) return false;
  if (isHeader && cells.slice(1).some((cell) => labelName.test(cell) || indexName.test(cell))) return false;
  if (!isHeader && labelPlace(seen) !== 0 && isSquare(cells.length - 1)) return false;
  if (!isHeader && !isSquare(cells.length) && !isSquare(cells.length - 1) && isSquare(cells.length - 2))
    return false;
  // Rows of another length are for parseCsv to explain, and so are cells that hold no number.
  return seen.every(
    (row) =>
      row.slice(1).every((cell) => byte.test(cell) || !number.test(cell)) &&
      (byte.test(row[0]!) || number.test(row[0]!)),
  );
}

/** Without a header: the place of the labels, if it is the first or the last. The corner of an image rarely changes. */
function labelPlace(rows: readonly (readonly string[])[]): number {
  const width = rows[0]!.length;
  const differ = (place: number): boolean => new Set(rows.map((row) => row[place]?.trim())).size > 1;
  return rows.length > 1 && !differ(0) && differ(width - 1) ? width - 1 : 0;
}

// ---- the general form ----

interface Columns {
  readonly separator: Separator;
  readonly hasHeader: boolean;
  readonly count: number;
  readonly label: number | undefined;
  readonly pixels: readonly number[];
  readonly shape: ImageShape;
  readonly notes: readonly string[];
}

function parseGeneral(
  bytes: Uint8Array,
  name: string,
  first: readonly string[],
  options: TableOptions,
): ImageTable {
  const { separator, hasHeader, count, label, pixels, shape, notes } = columnsOf(first, name, options);
  const rows: Float32Array[] = [];
  const labels: string[] = [];
  let [least, most, isWhole] = [Infinity, -Infinity, true];
  let isHeader = hasHeader;
  for (const [line, at] of linesOf(bytes)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    const cells = cellsOf(line, separator);
    if (cells.length !== count)
      throw new DataError(
        `${name}, line ${at}: has ${cells.length} cells, expected ${count} as in the first line.`,
      );
    const row = new Float32Array(pixels.length);
    for (const [i, place] of pixels.entries()) {
      const cell = cells[place]!;
      const value = cell.trim() === '' ? Number.NaN : Number(cell);
      if (!Number.isFinite(value))
        throw new DataError(
          `${name}, line ${at}, column ${place + 1}: '${cell.trim().slice(0, 20)}' is not a number; expected the value of a pixel.`,
        );
      row[i] = value;
      least = Math.min(least, value);
      most = Math.max(most, value);
      isWhole &&= Number.isInteger(value);
    }
    rows.push(row);
    if (label !== undefined) {
      const text = cells[label]!.trim();
      if (text === '') throw new DataError(`${name}, line ${at}, column ${label + 1}: the label is empty.`);
      labels.push(text);
    }
  }
  if (rows.length === 0) throw new DataError(`${name}: holds a header and no rows.`);
  const [black, white] = options.pixelRange ?? rangeOf({ least, most, isWhole, size: pixels.length }, name);
  if (least < Math.min(black, white) || most > Math.max(black, white))
    throw new DataError(
      `${name}: its pixels go from ${least} to ${most}, beyond the range from ${black} to ${white}.`,
    );
  const images = new Uint8Array(rows.length * pixels.length);
  for (const [i, row] of rows.entries())
    images.set(
      row.map((value) => Math.round(((value - black) / (white - black)) * 255)),
      i * pixels.length,
    );
  const isScaled = black !== 0 || white !== 255;
  return {
    images,
    count: rows.length,
    ...shape,
    ...(label === undefined ? {} : labelled(labels, name)),
    notes: [
      ...notes,
      ...(isScaled ? [`${name}: pixels from ${black} to ${white} were scaled to 0 … 255.`] : []),
    ],
  };
}

interface Seen {
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  readonly size: number;
}

/** The values of black and white. Throws: DataError if the values fit no usual range. */
function rangeOf({ least, most, isWhole, size }: Seen, name: string): readonly [number, number] {
  if (least < 0 && least >= -1 && most <= 1) return [-1, 1];
  if (least >= 0 && most <= 1 && (!isWhole || (size >= 64 && most === 1))) return [0, 1];
  if (least >= 0 && most <= 255) return [0, 255];
  throw new DataError(
    `${name}: its pixels go from ${least} to ${most}; expected 0 to 255, 0 to 1 or −1 to 1. Name the values of black and white, such as --pixel-range 0,${Math.ceil(most)}.`,
  );
}

/** Numbers are labels as they are; text becomes the position of the name in natural order. */
function labelled(
  labels: readonly string[],
  name: string,
): Required<Pick<ImageTable, 'labels'>> & Pick<ImageTable, 'labelNames'> {
  if (labels.every((text) => number.test(text) && Number.isInteger(Number(text)))) {
    const values = labels.map(Number);
    const wrong = values.findIndex((value) => value < 0 || value > maxLabel);
    if (wrong >= 0)
      throw new DataError(`${name}: a label is ${labels[wrong]}; expected an integer from 0 to ${maxLabel}.`);
    return { labels: narrowed(values) };
  }
  const labelNames = [...new Set(labels)].sort((a, b) => inOrder.compare(a, b) || (a < b ? -1 : 1));
  if (labelNames.length > maxLabel || (labels.length > 100 && labelNames.length > labels.length / 2))
    throw new DataError(
      `${name}: its ${labels.length} rows have ${labelNames.length} different labels (${someOf(labelNames.slice(0, 3))}, …); is another column the label? Name it: --label-column.`,
    );
  const positions = new Map(labelNames.map((text, i) => [text, i]));
  return { labels: narrowed(labels.map((text) => positions.get(text)!)), labelNames };
}

function narrowed(values: readonly number[]): Uint8Array | Uint16Array {
  return values.every((value) => value <= 0xff) ? Uint8Array.from(values) : Uint16Array.from(values);
}

function isSquare(count: number): boolean {
  return count > 0 && Number.isInteger(Math.sqrt(count));
}

/** What each column holds. Throws: DataError if the pixels make no image, or the label's column does not exist. */
function columnsOf(first: readonly string[], name: string, { labelColumn, shape }: TableOptions): Columns {
  const separator = separatorOf(first[0]!);
  const head = cellsOf(first[0]!.replace(/^\uFEFF/, ''), separator).map((cell) => cell.trim());
  const hasHeader = isHeaderRow(head);
  const rows = first.slice(hasHeader ? 1 : 0).map((line) => cellsOf(line, separator));
  const places = head.map((_, place) => place);
  const isIndex = (place: number): boolean =>
    hasHeader
      ? indexName.test(head[place]!)
      : place === 0 && rows.length > 2 && rows.every((row, i) => Number(row[0]) - Number(rows[0]![0]) === i);
  const values = shape && shape.height * shape.width * shape.channels;
  const isImage = (size: number): boolean => (values === undefined ? isSquare(size) : size === values);
  const notes: string[] = [];

  let label = namedColumn(head, hasHeader, name, labelColumn);
  let rest = places.filter((place) => place !== label);
  // An index, unless the columns only make an image with it.
  const withoutIndex = rest.filter((place) => !isIndex(place));
  if (isImage(withoutIndex.length) || isImage(withoutIndex.length - 1) || !isImage(rest.length))
    rest = withoutIndex;
  if (label === undefined && !isImage(rest.length) && isImage(rest.length - 1)) {
    const [firstPlace, lastPlace] = [rest[0]!, rest.at(-1)!];
    const isLast = hasHeader
      ? !pixelName.test(head[lastPlace]!)
      : labelPlace(rows.map((row) => rest.map((place) => row[place] ?? ''))) > 0;
    label = isLast ? lastPlace : firstPlace;
    rest = rest.filter((place) => place !== label);
  }
  if (!isImage(rest.length)) {
    const wanted = shape
      ? `images of ${shapeText(shape)} need ${values}`
      : 'that is no square number of pixels';
    throw new DataError(
      `${name}: ${rest.length} of its ${head.length} columns are pixels, but ${wanted}. Name the column of the labels with --label-column, and the shape with --image-shape.`,
    );
  }
  const asides = places.filter((place) => place !== label && !rest.includes(place));
  if (label !== undefined) {
    const called = hasHeader && head[label] !== '' ? `column '${head[label]}'` : `column ${label + 1}`;
    notes.push(`${name}: the labels are in ${called} of ${head.length}.`);
  }
  if (asides.length > 0) {
    const called = asides.map((place) => (hasHeader && head[place] ? `'${head[place]}'` : String(place + 1)));
    notes.push(`${name}: left aside: column ${called.join(', ')}.`);
  }
  const side = Math.round(Math.sqrt(rest.length));
  return {
    separator,
    hasHeader,
    count: head.length,
    label,
    pixels: rest,
    shape: shape ?? { height: side, width: side, channels: 1 },
    notes,
  };
}

/** Names, rather than a row with a label that is text; `label,0,1,2,…` has numbers that count, too. */
function isHeaderRow(head: readonly string[]): boolean {
  const names = head.filter((cell) => !number.test(cell));
  if (names.length > head.length / 2) return true;
  if (head.some((cell) => labelName.test(cell))) return true;
  const counted = head.filter((cell) => number.test(cell)).map(Number);
  return names.length > 0 && counted.length > 2 && counted.every((value, i) => value === counted[0]! + i);
}

function namedColumn(
  head: readonly string[],
  hasHeader: boolean,
  name: string,
  wanted: string | undefined,
): number | undefined {
  if (wanted === undefined) {
    const found = hasHeader ? head.findIndex((cell) => labelName.test(cell)) : -1;
    return found < 0 ? undefined : found;
  }
  const exact = hasHeader ? head.findIndex((cell) => cell.toLowerCase() === wanted.toLowerCase()) : -1;
  if (exact >= 0) return exact;
  if (wanted === 'first') return 0;
  if (wanted === 'last') return head.length - 1;
  throw new DataError(
    `${name}: has no column '${wanted}'${hasHeader ? `; its columns are ${someOf(head)}` : ', and no header'}. The column of the labels may also be 'first' or 'last'.`,
  );
}
