/**
 * Which pictures a folder holds, and of which class and part: `<folder>/<class>/…`, or the same below folders called train,
 * test and validation. Names are in natural order (2 before 10).
 */
import { DataError } from '../errors.js';
import type { FileTree } from './file_tree.js';
import { maxClasses, someOf } from './labels.js';
import { pictureEnding } from './picture_kind.js';

const inOrder = new Intl.Collator('en', { numeric: true });

/** Natural order of names; names that compare equal (a, A) by code unit. */
function sorted(names: readonly string[]): string[] {
  return [...names].sort((a, b) => inOrder.compare(a, b) || (a < b ? -1 : 1));
}

export interface LabelledPicture {
  readonly file: string;
  /** The position of its class in the names. */
  readonly label: number;
}

export const partNames = ['train', 'test', 'validation'] as const;
export type PartName = (typeof partNames)[number];

/** The pictures of a data set by part, before any of them is opened. */
export interface ListedPictures {
  readonly classNames: readonly string[];
  readonly parts: Readonly<{ train: readonly LabelledPicture[] }> &
    Partial<Readonly<Record<PartName, readonly LabelledPicture[]>>>;
  /** Pictures of the test part without labels. */
  readonly unlabelled: readonly string[];
  /** What was left aside, in sentences. */
  readonly notes: readonly string[];
}

/** Folders that cameras, archives and file servers add, or that hold no class. */
const strayFolder = /^(\..*|__MACOSX|@eaDir|\$RECYCLE\.BIN|System Volume Information)$/i;
const unlabelledFolder = /^(unlabell?ed|unsup|unsupervised)([-_ ].*)?$/i;
const partPatterns: Readonly<Record<PartName, RegExp>> = {
  train: /^train(ing)?([-_ ](set|data|images))?$/i,
  test: /^test(ing)?([-_ ](set|data|images))?$/i,
  validation: /^val(id(ation)?)?([-_ ](set|data|images))?$/i,
};

/** A folder that holds pictures, directly or further down. */
export interface PictureFolder {
  readonly name: string;
  readonly path: string;
  /** Directly inside. */
  readonly pictures: readonly string[];
  readonly folders: readonly PictureFolder[];
}

/** Deeper nesting is a loop of links. */
const mostLevels = 32;

/** What is in a folder and below. Throws: FileError when it cannot be listed; DataError for a loop of links. */
export async function scan(tree: FileTree, path: string, level = 0): Promise<PictureFolder> {
  const { files, folders } = await tree.list(path);
  const names = sorted(folders.filter((name) => !strayFolder.test(name)));
  if (level === mostLevels)
    throw new DataError(`${path}: folders nest deeper than ${mostLevels} levels; is one a link to another?`);
  const inside = await Promise.all(names.map(async (name) => scan(tree, tree.join(path, name), level + 1)));
  return {
    name: tree.nameOf(path),
    path,
    pictures: sorted(files.filter((name) => !name.startsWith('.') && pictureEnding.test(name))).map((name) =>
      tree.join(path, name),
    ),
    folders: inside.filter((folder) => folder.pictures.length > 0 || folder.folders.length > 0),
  };
}

export const allPictures = ({ pictures, folders }: PictureFolder): string[] => [
  ...pictures,
  ...folders.flatMap(allPictures),
];

export const partOf = (name: string): PartName | undefined =>
  partNames.find((part) => partPatterns[part].test(name));

/** The only folder in a folder that holds nothing else, if its own folders are classes or parts. */
function wrapped({ pictures, folders: [only, ...others] }: PictureFolder): PictureFolder | undefined {
  if (!only || others.length > 0 || pictures.length > 0 || only.pictures.length > 0) return undefined;
  const isWrapper = only.folders.length > 1 || partOf(only.folders[0]!.name) === 'train';
  return isWrapper && partOf(only.name) !== 'train' ? only : undefined;
}

/**
 * The pictures of a folder; undefined if it holds none in folders.
 *
 * A folder with nothing but one folder, which has folders itself, is looked into. Pictures anywhere below a class's folder
 * belong to the class. Folders without pictures are left aside.
 *
 * Throws: DataError for a class that the training part does not have, or too many.
 */
export function listPictures(found: PictureFolder): ListedPictures | undefined {
  let top = found;
  for (let inner = wrapped(top); inner; inner = wrapped(top)) top = inner;
  if (top.folders.length === 0) return undefined;

  const notes: string[] = [];
  const aside = (what: string, pictures: readonly string[]): void => {
    if (pictures.length > 0)
      notes.push(`Left aside: ${pictures.length} picture${pictures.length === 1 ? '' : 's'} ${what}.`);
  };
  const labelled = top.folders.filter(({ name }) => !unlabelledFolder.test(name));
  for (const each of top.folders)
    if (!labelled.includes(each)) aside(`without labels in ${each.name}`, allPictures(each));
  const byPart = new Map<PartName, PictureFolder>();
  for (const each of labelled) {
    const part = partOf(each.name);
    if (part === undefined) continue;
    const other = byPart.get(part);
    if (other)
      throw new DataError(
        `${top.path}: both ${other.name} and ${each.name} could be the ${part === 'train' ? 'training' : part} part; rename one of them.`,
      );
    byPart.set(part, each);
  }
  const train = byPart.get('train');
  const others = labelled.filter(({ name }) => partOf(name) === undefined);
  // A class may be called `test`, but not beside a training part.
  if (!train || (others.length > 0 && byPart.size === 1)) {
    aside(`directly in ${top.name || found.path}`, top.pictures);
    const { classNames, pictures } = classesOf(top.path, labelled);
    return { classNames, parts: { train: pictures }, unlabelled: [], notes };
  }
  for (const each of others) aside(`in ${each.name}, which is no part`, allPictures(each));
  const { classNames, pictures } = classesOf(train.path, train.folders);
  aside(`directly in ${train.name}`, train.pictures);
  const parts: { train: readonly LabelledPicture[] } & Partial<Record<PartName, readonly LabelledPicture[]>> =
    { train: pictures };
  let unlabelled: readonly string[] = [];
  for (const part of ['test', 'validation'] as const) {
    const found = byPart.get(part);
    if (!found) continue;
    if (found.folders.length > 0) {
      parts[part] = classesOf(found.path, found.folders, classNames).pictures;
      aside(`directly in ${found.name}`, found.pictures);
    } else if (part === 'test') unlabelled = found.pictures;
    else aside(`without labels in ${found.name}`, found.pictures);
  }
  return { classNames, parts, unlabelled, notes };
}

/** `classNames` fixes the label of each class, for a test part. Default: the sorted folder names. */
function classesOf(
  path: string,
  folders: readonly PictureFolder[],
  classNames: readonly string[] = folders.map(({ name }) => name),
): { readonly classNames: readonly string[]; readonly pictures: readonly LabelledPicture[] } {
  if (classNames.length > maxClasses) {
    throw new DataError(
      `${path}: holds ${classNames.length} folders, and at most ${maxClasses} classes are read. Name a folder with one folder for each class.`,
    );
  }
  if (folders.length === 0)
    throw new DataError(`${path}: holds no folders, expected one with pictures for each class.`);
  const labelOf = new Map(classNames.map((name, label) => [name, label]));
  const unknown = folders.find(({ name }) => !labelOf.has(name));
  if (unknown) {
    throw new DataError(
      `${unknown.path}: the training part has no class '${unknown.name}'; its classes are ${someOf(classNames)}.`,
    );
  }
  const pictures = folders.flatMap((folder) =>
    allPictures(folder).map((file) => ({ file, label: labelOf.get(folder.name)! })),
  );
  return { classNames, pictures };
}
