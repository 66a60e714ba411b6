/** Saves the user's own images for the next visit, in one safetensors file with pixels, labels and class names. */
import { ImageSet } from '../../src/data/dataset.js';
import type { DataFormat, LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { type Form, oneOf, readJson, text } from '../../src/json_reader.js';
import {
  type StoredTensor,
  type StoredTensors,
  readSafetensors,
  writeSafetensors,
} from '../../src/nn/files/safetensors.js';

// Earlier versions of the page called this data set `own`; the name stays, so that their files are found.
const fileName = 'own.safetensors';
const parts = ['train', 'test', 'validation'] as const;

interface About {
  readonly name: string;
  readonly format: DataFormat;
  readonly source: string;
  readonly classNames: readonly string[];
}

/** Throws: FileError. */
export async function keepCustom(folder: Folder, custom: LoadedDataset): Promise<void> {
  await folder.write(fileName, customFile(custom));
}

/** The images as one file. */
export function customFile(custom: LoadedDataset): Uint8Array<ArrayBuffer> {
  const tensors: [string, StoredTensor][] = parts.flatMap((part): [string, StoredTensor][] => {
    const set = custom[part];
    if (!set) return [];
    const { images, labels, count, height, width, channels } = set;
    const shape = [count];
    return [
      [
        `${part}/images`,
        { dtype: 'U8', shape: [count, height, width, channels], data: images as Uint8Array<ArrayBuffer> },
      ],
      [
        `${part}/labels`,
        labels instanceof Uint8Array
          ? { dtype: 'U8', shape, data: labels as Uint8Array<ArrayBuffer> }
          : { dtype: 'U16', shape, data: labels as Uint16Array<ArrayBuffer> },
      ],
    ];
  });
  const { name, format, source, train } = custom;
  const about: About = { name, format, source, classNames: train.classNames };
  return writeSafetensors(tensors, { about: JSON.stringify(about) });
}

/** Throws: FileError. */
export async function hasCustom(folder: Folder): Promise<boolean> {
  return folder.exists(fileName);
}

/** Undefined if no images are saved. Throws: FileError; ModelError or DataError for a damaged file. */
export async function keptCustom(folder: Folder): Promise<LoadedDataset | undefined> {
  return (await folder.exists(fileName)) ? customIn(await folder.read(fileName)) : undefined;
}

/** Throws: ModelError or DataError for a damaged file. */
export function customIn(bytes: Uint8Array): LoadedDataset {
  const stored = readSafetensors(bytes, fileName);
  const { classNames, ...about } = aboutIn(stored);
  const [train, test, validation] = parts.map((part) => setIn(stored, part, classNames));
  if (!train) throw new DataError(`data: ${fileName} holds no images to train on; drop your files again.`);
  return { ...about, train, ...(test ? { test } : {}), ...(validation ? { validation } : {}) };
}

/** Pictures were called `png` when nothing else was read. */
type StoredAbout = Omit<About, 'format'> & { readonly format: DataFormat | 'png' };

const aboutForm: Form<StoredAbout> = {
  name: text,
  format: oneOf(['idx', 'csv', 'pictures', 'png']),
  source: text,
  classNames: [text],
};

function aboutIn({ metadata }: StoredTensors): About {
  const { format, ...about } = readJson(
    metadata['about'] ?? '{}',
    aboutForm,
    (what, cause) =>
      new DataError(`data: ${fileName} is damaged: ${what}; drop your files again.`, { cause }),
  );
  return { ...about, format: format === 'png' ? 'pictures' : format };
}

function setIn(
  { tensors }: StoredTensors,
  part: string,
  classNames: readonly string[],
): ImageSet | undefined {
  const [images, labels] = [tensors.get(`${part}/images`), tensors.get(`${part}/labels`)];
  if (images?.dtype !== 'U8' || (labels?.dtype !== 'U8' && labels?.dtype !== 'U16')) return undefined;
  const [, height = 0, width = 0, channels = 0] = images.shape;
  return new ImageSet({ images: images.data, labels: labels.data, height, width, channels, classNames });
}

/**
 * A hash that identifies the user's images: equal for the same images and labels in the same order.
 *
 *   h ← (h xor byte) · 16777619 mod 2³²
 *
 * Source: Fowler, Noll and Vo, FNV-1a.
 */
export function digestOf(set: ImageSet): number {
  let hash = 0x811c9dc5;
  const add = (bytes: Iterable<number>): void => {
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  };
  for (let i = 0; i < set.count; i++) add(set.image(i));
  add(set.labels);
  add(new TextEncoder().encode(set.classNames.join('\n')));
  return hash >>> 0;
}
