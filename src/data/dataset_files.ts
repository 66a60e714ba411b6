/**
 * A custom data set from files: a CSV, an IDX file or a folder of them, a folder with `train.csv`, or a folder of
 * pictures by class. The files determine sizes and the number of classes.
 */
import { DataError, FileError } from '../errors.js';
import { ImageSet, type ImageShape, type RawImages, type UnlabelledImages, shapeText } from './dataset.js';
import {
  type Rules,
  count,
  finite,
  flag,
  fn,
  list,
  nested,
  nonEmptyText,
  oneOf,
  required,
  rule,
} from '../options.js';
import { knownDatasets } from './digests.js';
import { type ImageTable, type TableOptions, parseImageTable } from './image_table.js';
import { countClasses, firstLabel, numbered, someOf } from './labels.js';
import type { FileTree } from './file_tree.js';
import { unpackWhole } from './unpack.js';
import { type ImagesFile, asImagesFile, readLabelledIdx } from './idx_pair.js';
import type { DataFormat, LoadedDataset } from './loaded_dataset.js';
import {
  type ListedPictures,
  type PartName,
  type PictureFolder,
  allPictures,
  listPictures,
  partNames,
  partOf,
  scan,
} from './picture_folders.js';
import { listNamedPictures, namingTables } from './picture_tables.js';
import {
  type PicturePreparation,
  colourRule,
  inkCentres,
  pictureFits,
  polarities,
} from '../picture_preparation.js';
import { type PictureOptions, readPictures } from './read_pictures.js';

export interface FilesOptions extends PictureOptions, Pick<TableOptions, 'labelColumn' | 'pixelRange'> {
  /** For a CSV: shape of the images, if they are not greyscale squares. */
  readonly shape?: ImageShape;
  /** For IDX files: swap rows and columns, as EMNIST needs. */
  readonly transpose?: boolean;
}

export const filesRules = (): Rules<FilesOptions> => ({
  shape: nested<ImageShape>({ height: required(count), width: required(count), channels: required(count) }),
  transpose: flag,
  labelColumn: nonEmptyText,
  pixelRange: list('two numbers', finite, 2),
  size: nested<NonNullable<PictureOptions['size']>>({ height: required(count), width: required(count) }),
  pictures: nested<Partial<PicturePreparation>>({
    fit: oneOf(pictureFits),
    polarity: oneOf(polarities),
    background: colourRule(),
    box: count,
    centre: oneOf(inkCentres),
  }),
  channels: rule('1 or 3', (value) => value === 1 || value === 3),
  skipBad: flag,
  onPicture: fn,
});

/**
 * Loads the data set at a path.
 *
 *   FILE.csv, .tsv, or its .gz        rows with labels; all of them are the training part
 *   …images-idx3-ubyte[.gz]           with its labels beside it; `train-images…` brings its test part along
 *   FOLDER with such files            training and test part by their names (train, t10k or test, validation)
 *   FOLDER with train.csv             and test.csv, with labels or without
 *   FOLDER with labels.csv            or train.csv, which names the pictures beside or below it, and their classes
 *   FOLDER/<class>/…                  pictures, or FOLDER/{train,test,validation}/<class>/…
 *
 * Throws: FileError when the path does not exist; DataError when the files are damaged or not a data set.
 */
export async function loadFiles(
  tree: FileTree,
  at: string,
  options: FilesOptions = {},
): Promise<LoadedDataset> {
  if (!(await tree.isFolder(at))) return loadFile(tree, at, options);

  const names = (await tree.list(at)).files.filter((name) => !name.startsWith('.')).sort();
  const images = imagesFiles(tree, at, names);
  if (images.length > 0) return loadIdx(tree, at, choosePair(tree, images, at), options);
  const top = await scan(tree, at);
  for (const table of allPictures(top).length > 0 ? namingTables(names) : []) {
    // Class folders have their labels already.
    const listed = isByClass(top)
      ? undefined
      : await listNamedPictures(tree, tree.join(at, table), top, options.labelColumn);
    if (listed) return loadPictures(tree, at, listed, options);
  }
  if (top.folders.length === 0 && names.some((name) => tableEnding.test(name)))
    return loadCsvFolder(tree, at, names, options);
  if (top.folders.length === 0 && top.pictures.length > 0)
    throw new DataError(
      `${at}: holds ${top.pictures.length} pictures and no folders, so nothing tells their classes. Put the pictures of each class into a folder of its own, or name pictures and classes in a labels.csv beside them.`,
    );
  return loadPictures(tree, at, listPictures(top), options);
}

async function loadFile(tree: FileTree, file: string, options: FilesOptions): Promise<LoadedDataset> {
  const images = asImagesFile(tree, file);
  if (images !== undefined) {
    const folder = tree.folderOf(file);
    const siblings = imagesFiles(tree, folder, (await tree.list(folder)).files);
    return loadIdx(tree, file, withTestPart(images, siblings), options);
  }
  const name = tree.nameOf(file);
  if (/labels[-.]idx1-ubyte(\.gz)?$/.test(name)) {
    throw new DataError(
      `${file}: is a file of labels. Name the image file; its labels are found next to it.`,
    );
  }
  if (tableEnding.test(name))
    return tableDataset(tree, file, { train: await readLabelledTable(tree, file, options) });
  throw new DataError(
    `${file}: is not a data set; expected a .csv or .tsv (or its .gz), a file called …images-idx3-ubyte (or its .gz), or a folder.`,
  );
}

/** Those of the names that are of IDX files of images. */
function imagesFiles(tree: FileTree, folder: string, names: readonly string[]): ImagesFile[] {
  return names.flatMap((name) => asImagesFile(tree, tree.join(folder, name)) ?? []);
}

// ---- IDX ----

interface IdxParts {
  readonly train: string;
  readonly test?: string;
  readonly validation?: string;
}

/** Set and part named by a stem: `emnist-letters-train-` → set `emnist-letters-`, part `train`. */
function describeStem(stem: string): { readonly set: string; readonly part: keyof IdxParts | undefined } {
  const match = /^(.*?)(train|t10k|test|validation|valid|val)[-_.]?$/i.exec(stem);
  if (match === null) return { set: stem, part: undefined };
  const word = match[2]!.toLowerCase();
  const part = word === 'train' ? 'train' : word.startsWith('v') ? 'validation' : 'test';
  return { set: match[1]!, part };
}

/** The other parts of the set of a `train-images…` file; a file of another part is loaded alone. */
function withTestPart(images: ImagesFile, siblings: readonly ImagesFile[]): IdxParts {
  const { set, part } = describeStem(images.stem);
  if (part !== 'train') return { train: images.file };
  const fileOf = (wanted: keyof IdxParts): string | undefined =>
    siblings.find((sibling) => {
      const described = describeStem(sibling.stem);
      return described.set === set && described.part === wanted;
    })?.file;
  const test = fileOf('test');
  const validation = fileOf('validation');
  return {
    train: images.file,
    ...(test === undefined ? {} : { test }),
    ...(validation === undefined ? {} : { validation }),
  };
}

/** The parts of the set in a folder. Throws: DataError when there are several sets. */
function choosePair(tree: FileTree, images: readonly ImagesFile[], folder: string): IdxParts {
  // A file that exists plain and compressed counts once; the plain one sorts first and is faster to read.
  const byStem = new Map(images.toReversed().map((file) => [file.stem, file]));
  const files = [...byStem.values()];
  const trains = files.filter(({ stem }) => describeStem(stem).part === 'train');
  const chosen = trains.length > 0 ? trains : files;
  if (chosen.length > 1) {
    throw new DataError(
      `${folder}: holds several data sets (${chosen
        .map(({ file }) => tree.nameOf(file))
        .sort()
        .join(', ')}). Name one of these files.`,
    );
  }
  return withTestPart(chosen[0]!, files);
}

async function loadIdx(
  tree: FileTree,
  at: string,
  parts: IdxParts,
  options: FilesOptions,
): Promise<LoadedDataset> {
  const read = async (file: string): Promise<Required<RawImages>> => readLabelledIdx(tree, file, options);
  return assemble(tree, at, 'idx', {
    train: await read(parts.train),
    ...(parts.test === undefined ? {} : { test: await read(parts.test) }),
    ...(parts.validation === undefined ? {} : { validation: await read(parts.validation) }),
  });
}

// ---- CSV ----

async function loadCsvFolder(
  tree: FileTree,
  folder: string,
  names: readonly string[],
  options: FilesOptions,
): Promise<LoadedDataset> {
  const train = onlyCsv(tree, folder, names, 'train');
  const test = onlyCsv(tree, folder, names, 'test');
  if (train === undefined) {
    throw new FileError(
      `${folder}: holds CSV files, but none called train.csv or …_train.csv. Name the file.`,
      {
        problem: 'missing',
      },
    );
  }
  const training = await readLabelledTable(tree, train, options);
  const { labelNames } = training;
  if (test === undefined) return tableDataset(tree, folder, { train: training });
  const { labels, ...others } = await readTable(tree, test, options);
  if (labels !== undefined)
    return tableDataset(tree, folder, {
      train: training,
      test: { ...others, labels: labelsByName(test, labels, others.labelNames, labelNames) },
    });
  const { images, count, height, width, channels } = others;
  return {
    ...tableDataset(tree, folder, { train: training }),
    unlabelled: checkShape({ images, count, height, width, channels }, test, training),
  };
}

const tableEnding = /\.(csv|tsv)(\.gz)?$/i;

/** `train.csv`, or a name that ends in `_train.csv`, such as `fashion-mnist_train.csv`. Throws: DataError when there are several. */
function onlyCsv(tree: FileTree, folder: string, names: readonly string[], part: string): string | undefined {
  const pattern = new RegExp(String.raw`(^|[-_.])${part}${tableEnding.source}`, 'i');
  const fitting = names.filter((name) => pattern.test(name));
  if (fitting.length > 1)
    throw new DataError(`${folder}: holds ${fitting.join(' and ')}. Name one of the files.`);
  return fitting[0] === undefined ? undefined : tree.join(folder, fitting[0]);
}

async function readTable(tree: FileTree, file: string, options: FilesOptions): Promise<ImageTable> {
  const { shape, labelColumn, pixelRange } = options;
  return parseImageTable(await unpackWhole(await tree.read(file), file, tree.gunzip), file, {
    ...(shape && { shape }),
    ...(labelColumn !== undefined && { labelColumn }),
    ...(pixelRange && { pixelRange }),
  });
}

type LabelledTable = ImageTable & Required<Pick<RawImages, 'labels'>>;

async function readLabelledTable(
  tree: FileTree,
  file: string,
  options: FilesOptions,
): Promise<LabelledTable> {
  const { labels, ...others } = await readTable(tree, file, options);
  if (labels !== undefined) return { ...others, labels };
  throw new DataError(
    `${file}: has no labels, but training and testing need them: no column is called 'label', and its columns make an image without another one. Name the column with --label-column.`,
  );
}

/** The labels of a test part as positions in the classes of the training part. */
function labelsByName(
  file: string,
  labels: Uint8Array | Uint16Array,
  own: readonly string[] | undefined,
  classNames: readonly string[] | undefined,
): Uint8Array | Uint16Array {
  if (!own && !classNames) return labels;
  const places = (own ?? numbered(Math.max(...labels) + 1)).map((name) => classNames?.indexOf(name) ?? -1);
  const wrong = labels.findIndex((label) => places[label] === -1);
  if (wrong >= 0)
    throw new DataError(
      `${file}: the training part has no class '${own?.[labels[wrong]!] ?? labels[wrong]}'${classNames ? `; its classes are ${someOf(classNames)}` : ', but numbers'}.`,
    );
  return labels.map((label) => places[label]!);
}

function tableDataset(
  tree: FileTree,
  at: string,
  { train, test }: { readonly train: LabelledTable; readonly test?: LabelledTable },
): LoadedDataset {
  const notes = [...train.notes, ...(test?.notes ?? [])];
  return {
    ...assemble(tree, at, 'csv', { train, ...(test ? { test } : {}) }, train.labelNames),
    ...(notes.length > 0 ? { notes } : {}),
  };
}

// ---- pictures ----

/** Whether several folders hold pictures, and none of them is a part, or called as pictures are. */
function isByClass({ folders }: PictureFolder): boolean {
  const isOther = (name: string): boolean =>
    partOf(name) !== undefined || /^(images?|pictures?|jpe?gs?|pngs?|photos?)$/i.test(name);
  return folders.length > 1 && !folders.some(({ name }) => isOther(name));
}

async function loadPictures(
  tree: FileTree,
  folder: string,
  listed: ListedPictures | undefined,
  options: FilesOptions,
): Promise<LoadedDataset> {
  if (!listed) {
    throw new FileError(
      `${folder}: holds no data set; expected IDX files (…images-idx3-ubyte), train.csv, or folders of pictures by class.`,
      { problem: 'missing' },
    );
  }
  const { classNames, parts, unlabelled, notes } = listed;
  // All parts together, so that they have one size and colour, and pictures that cannot be used are named at once.
  const labelled = partNames.flatMap((part) => (parts[part] ?? []).map((picture) => ({ part, ...picture })));
  const files = [...labelled.map(({ file }) => file), ...unlabelled];
  const read = await readPictures(tree, folder, files, options);
  const { positions, height, width, channels } = read;
  const imageBytes = height * width * channels;
  const widest = classNames.length > 256 ? Uint16Array : Uint8Array;
  /** The images that come from these files; they are in the order of the files. */
  const select = (accepts: (position: number) => boolean): UnlabelledImages & { positions: number[] } => {
    const places = positions.flatMap((position, place) => (accepts(position) ? [place] : []));
    const [first = 0] = places;
    return {
      images: read.images.subarray(first * imageBytes, (first + places.length) * imageBytes),
      count: places.length,
      height,
      width,
      channels,
      positions: places.map((place) => positions[place]!),
    };
  };
  const ofPart = (part: PartName): Required<RawImages> | undefined => {
    const { positions: own, ...images } = select((position) => labelled[position]?.part === part);
    if (images.count === 0) return undefined;
    return { ...images, labels: widest.from(own.map((position) => labelled[position]!.label)) };
  };
  const [train, test, validation] = partNames.map(ofPart);
  if (!train) throw new DataError(`${folder}: none of its training pictures can be used.`);
  const { positions: ofUnlabelled, ...others } = select((position) => position >= labelled.length);
  return {
    ...assemble(
      tree,
      folder,
      'pictures',
      { train, ...(test ? { test } : {}), ...(validation ? { validation } : {}) },
      classNames,
    ),
    ...(ofUnlabelled.length > 0 ? { unlabelled: others } : {}),
    notes: [...notes, ...read.notes],
  };
}

// ---- parts into sets ----

interface Parts {
  readonly train: Required<RawImages>;
  readonly test?: Required<RawImages>;
  readonly validation?: Required<RawImages>;
}

/**
 * Makes sets with the same classes in all parts: the given ones, otherwise 0 to the largest label of any part. Files
 * named Fashion-MNIST get its class names.
 *
 * Throws: DataError when the parts have images of different shapes.
 */
function assemble(
  tree: FileTree,
  at: string,
  format: DataFormat,
  { train, test, validation }: Parts,
  classNames?: readonly string[],
): LoadedDataset {
  const others = {
    ...(test === undefined ? {} : { test }),
    ...(validation === undefined ? {} : { validation }),
  };
  for (const [name, part] of Object.entries(others)) checkShape(part, `${at}: the ${name} part`, train);
  const all = [train, ...Object.values(others)].map(({ labels }) => labels);
  // Labels that begin with 1, as in EMNIST letters, leave no empty class 0.
  const first = classNames ? 0 : firstLabel(all);
  const names = classNames ?? namesFor(tree.fullPath(at), numbered(countClasses(at, all)).slice(first));
  const toSet = ({ images, labels, count, height, width, channels }: Required<RawImages>): ImageSet => {
    const own = first === 0 ? labels : labels.map((label) => label - first);
    return new ImageSet({ images, labels: own, count, height, width, channels, classNames: names });
  };
  return {
    name: tree.nameOf(tree.fullPath(at)).replace(tableEnding, ''),
    format,
    source: at,
    train: toSet(train),
    ...(test === undefined ? {} : { test: toSet(test) }),
    ...(validation === undefined ? {} : { validation: toSet(validation) }),
  };
}

function checkShape<Images extends UnlabelledImages>(
  images: Images,
  who: string,
  train: UnlabelledImages,
): Images {
  const [own, expected] = [images, train].map(shapeText);
  if (own === expected) return images;
  throw new DataError(`${who} has images of ${own}, but the training part has ${expected}.`);
}

function namesFor(fullPath: string, numbers: readonly string[]): readonly string[] {
  const { classNames } = knownDatasets.fashion;
  return /fashion[-_]?mnist/i.test(fullPath) && numbers.length === classNames.length ? classNames : numbers;
}
