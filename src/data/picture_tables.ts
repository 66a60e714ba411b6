/**
 * Pictures whose labels are in a table beside them: `train.csv` or `labels.csv` with the name of a picture in each row and its class,
 * or a column of 0 and 1 for each class.
 */
import { DataError } from '../errors.js';
import type { FileTree } from './file_tree.js';
import { someOf } from './labels.js';
import {
  type LabelledPicture,
  type ListedPictures,
  type PictureFolder,
  allPictures,
  partOf,
} from './picture_folders.js';
import { pictureEnding } from './picture_kind.js';
import { cellsOf, labelName, linesOf, separatorOf } from './table_text.js';

const inOrder = new Intl.Collator('en', { numeric: true });

/** The tables that may name the training pictures of a folder, the likeliest first. */
export function namingTables(names: readonly string[]): string[] {
  const likely = [
    /^train([-_ ]?labels?)?\.(csv|tsv)$/i,
    /(^|[-_ ])labels?\.(csv|tsv)$/i,
    /annotations?\.(csv|tsv)$/i,
  ];
  return likely.flatMap((pattern) => names.filter((name) => pattern.test(name)));
}

interface NameTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

function readRows(bytes: Uint8Array): NameTable | undefined {
  if (bytes.subarray(0, 4096).includes(0)) return undefined;
  const [first, ...others] = [...linesOf(bytes)].map(([line]) => line.replace(/^\uFEFF/, ''));
  if (first === undefined || others.length === 0) return undefined;
  const separator = separatorOf(first);
  const rowOf = (line: string): string[] => cellsOf(line, separator).map((cell) => cell.trim());
  return { head: rowOf(first), rows: others.map(rowOf) };
}

/**
 * The pictures that a table names; undefined if it names none, such as a table of pixels.
 *
 * Throws: DataError for rows that name a picture which does not exist, or have no class.
 */
export async function listNamedPictures(
  tree: FileTree,
  table: string,
  top: PictureFolder,
  labelColumn?: string,
): Promise<ListedPictures | undefined> {
  const read = readRows(await tree.read(table));
  if (!read) return undefined;
  const { head, rows } = read;
  const pictures = allPictures(top);
  const find = finder(top, pictures);
  const sample = rows.slice(0, 20);
  const nameColumn = head.findIndex(
    (_, column) => sample.filter((row) => find(row[column] ?? '') !== undefined).length > sample.length / 2,
  );
  if (nameColumn < 0) return undefined;
  const { classNames, labels } = classesOf(table, read, nameColumn, labelColumn);
  const missing: string[] = [];
  const train = rows.flatMap((row, i): LabelledPicture[] => {
    const file = find(row[nameColumn] ?? '');
    if (file === undefined) missing.push(row[nameColumn] ?? '');
    return file === undefined ? [] : [{ file, label: labels[i]! }];
  });
  if (missing.length > 0)
    throw new DataError(
      `${table}: ${missing.length} of its ${rows.length} rows name pictures that are not in the folder (${someOf(missing.slice(0, 3))}).`,
      { faults: missing },
    );
  const named = new Set(train.map(({ file }) => file));
  const others = pictures.filter((file) => !named.has(file));
  const ofTest = new Set(top.folders.filter(({ name }) => partOf(name) === 'test').flatMap(allPictures));
  const unlabelled = others.filter((file) => ofTest.has(file));
  const aside = others.length - unlabelled.length;
  return {
    classNames,
    parts: { train },
    unlabelled,
    notes: [
      `The labels are from ${tree.nameOf(table)}.`,
      ...(aside > 0 ? [`Left aside: ${aside} picture${aside === 1 ? '' : 's'} that it does not name.`] : []),
    ],
  };
}

/** Finds a picture by its path in the folder, its name, or its name without ending; those of a training folder first. */
function finder(top: PictureFolder, pictures: readonly string[]): (name: string) => string | undefined {
  const found = new Map<string, string>();
  const inTraining = new Set(top.folders.filter(({ name }) => partOf(name) === 'train').flatMap(allPictures));
  const ordered = [
    ...pictures.filter((file) => inTraining.has(file)),
    ...pictures.filter((file) => !inTraining.has(file)),
  ];
  for (const file of ordered) {
    const inside = file.slice(top.path.length).replaceAll('\\', '/').replace(/^\//, '');
    const name = inside.slice(inside.lastIndexOf('/') + 1);
    for (const key of [inside, name, name.replace(pictureEnding, '')])
      if (!found.has(key.toLowerCase())) found.set(key.toLowerCase(), file);
  }
  return (name) => (name === '' ? undefined : found.get(name.replace(/^\.\//, '').toLowerCase()));
}

function classesOf(
  table: string,
  { head, rows }: NameTable,
  nameColumn: number,
  wanted: string | undefined,
): { readonly classNames: readonly string[]; readonly labels: readonly number[] } {
  const others = head.map((_, column) => column).filter((column) => column !== nameColumn);
  const named =
    wanted === undefined ? -1 : head.findIndex((cell) => cell.toLowerCase() === wanted.toLowerCase());
  if (wanted !== undefined && named < 0)
    throw new DataError(`${table}: has no column '${wanted}'; its columns are ${someOf(head)}.`);
  const isOneHot =
    named < 0 &&
    others.length > 1 &&
    rows.every(
      (row) =>
        others.every((column) => /^[01](\.0*)?$/.test(row[column] ?? '')) &&
        others.filter((column) => Number(row[column]) === 1).length === 1,
    );
  if (isOneHot)
    return {
      classNames: others.map((column) => head[column]!),
      labels: rows.map((row) => others.findIndex((column) => Number(row[column]) === 1)),
    };
  const called = named < 0 ? others.filter((column) => labelName.test(head[column]!)) : [named];
  const [column] = called.length > 0 ? called : others;
  if (column === undefined || (called.length === 0 && others.length > 1))
    throw new DataError(
      `${table}: its columns are ${someOf(head)}, and none is called 'label' or 'class'. Name the column of the classes with --label-column.`,
    );
  const empty = rows.findIndex((row) => (row[column] ?? '') === '');
  if (empty >= 0) throw new DataError(`${table}: '${rows[empty]![nameColumn]}' has no class.`);
  const classNames = [...new Set(rows.map((row) => row[column]!))].sort(inOrder.compare);
  const places = new Map(classNames.map((name, i) => [name, i]));
  return { classNames, labels: rows.map((row) => places.get(row[column]!)!) };
}
