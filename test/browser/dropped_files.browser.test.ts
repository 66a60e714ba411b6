/**
 * Plan: every kind of data set from `File`s, with or without folders: the usual four IDX files, plain and compressed; one
 * pair; one CSV or two; PNG by class, by split, in several dropped folders; errors that name missing files; a drop with
 * nested folders of more entries than one call returns; files of a directory input; paths survive posting to a worker. The
 * rules themselves are tested in test/unit/dataset_path.test.ts.
 */
import { expect, test } from 'vitest';
import { chosenFiles, datasetFromFiles, droppedFiles } from '../../src/browser/dropped_files.js';
import { DataError, FileError } from '../../src/errors.js';

const images = (...values: number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0, 0, 8, 3, 0, 0, 0, values.length / 2, 0, 0, 0, 1, 0, 0, 0, 2, ...values);
const labels = (...values: number[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values);

async function gzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const file = (path: string, contents: BlobPart): File => new File([contents], path);

/** A picture of one grey value, but for the last pixel: a PNG, or another kind that the browser writes. */
async function png(path: string, shade: number, size = 2, type = 'image/png'): Promise<File> {
  const canvas = new OffscreenCanvas(size, size);
  const context = canvas.getContext('2d')!;
  context.fillStyle = `rgb(${shade} ${shade} ${shade})`;
  context.fillRect(0, 0, size, size);
  context.fillStyle = 'rgb(100 100 100)';
  context.fillRect(size - 1, size - 1, 1, 1);
  return file(path, await canvas.convertToBlob({ type }));
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => new Error('it succeeded'),
    (error: unknown) => error as Error,
  );
}

test('the usual four IDX files, plain and compressed, without a folder', async () => {
  const set = await datasetFromFiles([
    file('t10k-labels.idx1-ubyte', labels(1)),
    file('train-images-idx3-ubyte.gz', await gzip(images(1, 2, 3, 4))),
    file('train-labels-idx1-ubyte', labels(0, 1)),
    file('t10k-images.idx3-ubyte', images(9, 8)),
  ]);
  expect(set).toMatchObject({ name: 'files', format: 'idx', source: 'files' });
  expect([[...set.train.images], [...set.train.labels], [...set.test!.images]]).toEqual([
    [1, 2, 3, 4],
    [0, 1],
    [9, 8],
  ]);
});

test('one pair of IDX files, and images without labels', async () => {
  const pair = [file('my-images-idx3-ubyte', images(1, 2)), file('my-labels-idx1-ubyte', labels(3))];
  const { train, test } = await datasetFromFiles(pair);
  expect([train.count, train.classCount, test]).toEqual([1, 4, undefined]);
  const error = await failure(datasetFromFiles(pair.slice(0, 1)));
  expect(error).toBeInstanceOf(FileError);
  expect(error.message).toBe(
    'my-images-idx3-ubyte: there is no label file next to it. Put my-labels-idx1-ubyte (or its .gz) into the same folder.',
  );
});

test('CSV: one file of any name; train.csv and test.csv in a folder', async () => {
  const header = 'label,p0,p1,p2,p3\n';
  const { name, format, train } = await datasetFromFiles([file('digits.csv', `${header}2,1,2,3,4\n`)]);
  expect([name, format, [...train.images], [...train.labels]]).toEqual(['digits', 'csv', [1, 2, 3, 4], [2]]);
  const kaggle = await datasetFromFiles([
    file('kaggle/test.csv', 'p0,p1,p2,p3\n9,9,9,9\n'),
    file('kaggle/train.csv', `${header}2,1,2,3,4\n`),
    file('kaggle/sample_submission.csv', 'ImageId,Label\n'),
  ]);
  expect([kaggle.name, kaggle.train.count, kaggle.unlabelled?.count]).toEqual(['kaggle', 1, 1]);
  const error = await failure(datasetFromFiles([file('a.csv', `${header}0,1,2,300,4\n`)]));
  expect(error).toEqual(
    new DataError('a.csv, line 2, column 4: the value is 300; expected an integer from 0 to 255.'),
  );
});

test('PNG by class: one folder, by split, or several folders dropped together', async () => {
  const one = await datasetFromFiles([
    await png('shades/dark/2.png', 20),
    await png('shades/dark/10.png', 30),
    await png('shades/light/a.png', 250),
    file('shades/.DS_Store', 'x'),
  ]);
  expect(one).toMatchObject({ name: 'shades', format: 'pictures' });
  expect([one.train.classNames, [...one.train.labels]]).toEqual([
    ['dark', 'light'],
    [0, 0, 1],
  ]);
  expect([...one.train.images].filter((_, i) => i % 4 === 0)).toEqual([20, 30, 250]);

  const parts = await datasetFromFiles([await png('x/train/a/1.png', 1), await png('x/test/a/1.png', 2)]);
  expect([parts.train.count, parts.test?.image(0)[0]]).toEqual([1, 2]);

  const several = await datasetFromFiles([await png('cats/1.png', 1), await png('dogs/1.png', 2)]);
  expect(several.train.classNames).toEqual(['cats', 'dogs']);

  const error = await failure(datasetFromFiles([await png('a/1.png', 1), await png('b/1.png', 1, 3)]));
  expect(error.message).toBe(
    'files: its 2 pictures have 2 sizes, from 2×2 to 3×3; the commonest is 2×2 (1). Choose one size for all, such as --size 28x28, and how they take it: --fit contain, cover or stretch.',
  );
});

test('pictures of other kinds and sizes, brought to one', async () => {
  const { train } = await datasetFromFiles(
    [
      await png('set/dark/1.jpg', 20, 40, 'image/jpeg'),
      await png('set/dark/2.webp', 20, 24, 'image/webp'),
      await png('set/light/3.png', 240, 16),
    ],
    { size: { height: 4, width: 4 } },
  );
  expect([train.count, ...train.imageShape]).toEqual([3, 4, 4, train.channels]);
  const shades = [0, 1, 2].map((i) => train.image(i)[0]!);
  expect(shades.map((shade) => Math.round(shade / 10))).toEqual([2, 2, 24]);
});

test.each<[string, File[], string]>([
  ['nothing', [], 'files: there are none, expected a data set.'],
  [
    'something else',
    [file('notes.txt', 'x')],
    'notes.txt: is not a data set; expected a .csv or .tsv (or its .gz), a file called …images-idx3-ubyte (or its .gz), or a folder.',
  ],
  [
    'several of something else',
    [file('a.txt', 'x'), file('b.txt', 'x')],
    'files: holds no data set; expected IDX files (…images-idx3-ubyte), train.csv, or folders of pictures by class.',
  ],
])('%s is refused', async (_, files, message) => {
  expect((await failure(datasetFromFiles(files))).message).toBe(message);
});

/** The members of a dropped entry that the code uses. */
function entry(path: string, contents: File | readonly FileSystemEntry[]): FileSystemEntry {
  if (contents instanceof File) {
    const read = (done: (file: File) => void): void => done(contents);
    return { isFile: true, fullPath: path, file: read } as unknown as FileSystemFileEntry;
  }
  const createReader = () => {
    let at = 0;
    return { readEntries: (done: (some: unknown) => void) => done(contents.slice(at, (at += 2))) };
  };
  return { isFile: false, fullPath: path, createReader } as unknown as FileSystemDirectoryEntry;
}

const drop = (...items: object[]): DataTransfer => ({ items }) as unknown as DataTransfer;

test('a drop of a folder with folders, and of files', async () => {
  const letters = ['a', 'b', 'c', 'd', 'e'].map((name) => entry(`/set/in/${name}`, file(name, name)));
  const folder = entry('/set', [entry('/set/in', letters), entry('/set/f', file('f', 'f'))]);
  const files = await droppedFiles(
    drop(
      { kind: 'file', webkitGetAsEntry: () => folder },
      { kind: 'string' },
      { kind: 'file', webkitGetAsEntry: () => null, getAsFile: () => file('g', 'g') },
    ),
  );
  expect(files.map(({ name }) => name)).toEqual(
    [...'abcde'].map((name) => `set/in/${name}`).concat('set/f', 'g'),
  );
  expect(await Promise.all(files.map(async (each) => each.text()))).toEqual([...'abcdefg']);
});

test('a folder that cannot be read is named', async () => {
  const reader = {
    readEntries: (_: unknown, fail: (error: unknown) => void) =>
      fail(new DOMException('gone', 'NotFoundError')),
  };
  const folder = { isFile: false, fullPath: '/set', createReader: () => reader };
  const error = await failure(droppedFiles(drop({ kind: 'file', webkitGetAsEntry: () => folder })));
  expect(error).toEqual(new FileError('cannot read set: gone.'));
});

test('files of a directory input keep their paths, also when posted to a worker', async () => {
  const chosen = Object.defineProperty(file('a.png', 'x'), 'webkitRelativePath', { value: 'set/dark/a.png' });
  const [named] = chosenFiles([chosen]);
  expect([named!.name, await named!.text()]).toEqual(['set/dark/a.png', 'x']);
  expect(structuredClone(named!).name).toBe('set/dark/a.png');
});
