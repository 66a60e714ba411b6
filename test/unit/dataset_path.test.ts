/**
 * Plan: every kind of data set that a path may name, built small: CSV file and folder, IDX file, folder, and a folder
 * of several sets, pictures by class with and without parts; classes, names, sizes and colours as they come; then
 * what is wrong with each, with its sentence.
 */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FileError, UsageError } from '../../src/errors.js';
import { loadPath } from '../../src/node/dataset_path.js';
import { loadDataset } from '../../src/node/datasets.js';
import { encodePng } from '../../src/node/png.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'shadegrad-path-'));
});
afterEach(async () => rm(base, { recursive: true, force: true }));

/** Writes a file below the base folder, and the folders above it. */
async function put(name: string, contents: Uint8Array | string): Promise<string> {
  const file = path.join(base, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, contents);
  return file;
}

/** The message of a promise that should fail. */
async function failure(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason as Error,
  );
  return `${error.name}: ${error.message.replaceAll(base, 'BASE')}`;
}

const header = 'label,pixel0,pixel1,pixel2,pixel3\n';

describe('CSV', () => {
  it('one file is the training part', async () => {
    const file = await put('own.csv', `${header}0,1,2,3,4\n2,5,6,7,8\n`);
    const { name, format, source, train, test } = await loadPath(file);
    expect({ name, format, source, test }).toEqual({
      name: 'own',
      format: 'csv',
      source: file,
      test: undefined,
    });
    expect(train.classNames).toEqual(['0', '1', '2']);
    expect(train.imageShape).toEqual([2, 2, 1]);
    expect(train.classCounts()).toEqual([1, 0, 1]);
  });

  it('a folder may hold a test part without labels', async () => {
    await put('digits/train.csv', `${header}0,1,2,3,4\n`);
    await put('digits/test.csv', 'pixel0,pixel1,pixel2,pixel3\n9,8,7,6\n1,2,3,4\n');
    await put('digits/sample_submission.csv', 'ImageId,Label\n1,0\n');
    const { name, train, test, unlabelled } = await loadPath(path.join(base, 'digits'));
    expect([name, train.count, test]).toEqual(['digits', 1, undefined]);
    expect(unlabelled).toEqual({
      images: Uint8Array.of(9, 8, 7, 6, 1, 2, 3, 4),
      count: 2,
      height: 2,
      width: 2,
      channels: 1,
    });
  });

  it('or one with labels; classes are those of both parts', async () => {
    await put('x/my_train.csv', `${header}0,1,2,3,4\n`);
    await put('x/my_test.csv', `${header}3,1,2,3,4\n`);
    const { train, test } = await loadPath(path.join(base, 'x'));
    expect([train.classCount, test?.classCount]).toEqual([4, 4]);
    expect([...test!.labels]).toEqual([3]);
  });

  it("Fashion-MNIST's own file has its class names", async () => {
    const rows = Array.from({ length: 10 }, (_, label) => `${label},0,0,0,0\n`).join('');
    const { train } = await loadPath(await put('fashion-mnist_train.csv', header + rows));
    expect(train.classNames).toContain('Ankle boot');
  });

  it('takes a shape', async () => {
    const file = await put('rgb.csv', 'label,p0,p1,p2\n1,10,20,30\n');
    const { train } = await loadPath(file, { shape: { height: 1, width: 1, channels: 3 } });
    expect(train.imageShape).toEqual([1, 1, 3]);
  });

  it('refuses what is none', async () => {
    const unlabelled = await put('a/test.csv', 'pixel0\n1\n');
    expect(await failure(loadPath(unlabelled))).toMatchInlineSnapshot(
      `"DataError: BASE/a/test.csv: has no labels, but training and testing need them: no column is called 'label', and its columns make an image without another one. Name the column with --label-column."`,
    );
    expect(await failure(loadPath(path.join(base, 'a')))).toMatchInlineSnapshot(
      `"FileError: BASE/a: holds CSV files, but none called train.csv or …_train.csv. Name the file."`,
    );
    await put('b/train.csv', `${header}0,1,2,3,4\n`);
    await put('b/test.csv', 'pixel0\n1\n');
    expect(await failure(loadPath(path.join(base, 'b')))).toMatchInlineSnapshot(
      `"DataError: BASE/b/test.csv has images of 1×1×1, but the training part has 2×2×1."`,
    );
    await put('b/other_train.csv', `${header}0,1,2,3,4\n`);
    expect(await failure(loadPath(path.join(base, 'b')))).toMatchInlineSnapshot(
      `"DataError: BASE/b: holds other_train.csv and train.csv. Name one of the files."`,
    );
    const bad = await put('bad.csv', `${header}0,1,2,3,4\n0,1,2,3\n0,1,2,3,4\n`);
    expect(await failure(loadPath(bad))).toMatchInlineSnapshot(
      `"DataError: BASE/bad.csv, line 3: has 4 cells, expected 5 as in the first line."`,
    );
  });
});

describe('IDX', () => {
  const images = (...values: number[]) =>
    Uint8Array.of(0, 0, 8, 3, 0, 0, 0, values.length / 2, 0, 0, 0, 1, 0, 0, 0, 2, ...values);
  const labels = (...values: number[]) => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values);
  const pair = async (stem: string, pixels: number[], classes: number[]): Promise<string> => {
    await put(`${stem}labels-idx1-ubyte.gz`, gzipSync(labels(...classes)));
    return put(`${stem}images-idx3-ubyte.gz`, gzipSync(images(...pixels)));
  };

  it('a folder with the four usual files', async () => {
    await pair('kmnist/train-', [1, 2, 3, 4], [0, 1]);
    await pair('kmnist/t10k-', [5, 6], [2]);
    await pair('kmnist/validation-', [7, 8], [0]);
    const { name, train, test, validation } = await loadPath(path.join(base, 'kmnist'));
    expect([name, train.count, test?.count, validation?.count]).toEqual(['kmnist', 2, 1, 1]);
    expect(train.classNames).toEqual(['0', '1', '2']);
    expect([...validation!.images]).toEqual([7, 8]);
  });

  it('one set of several by a file of it, and not by the folder', async () => {
    const letters = await pair('emnist/emnist-letters-train-', [1, 2], [26]);
    await pair('emnist/emnist-letters-test-', [3, 4], [1]);
    await pair('emnist/emnist-digits-train-', [5, 6], [9]);
    const { train, test } = await loadPath(letters, { transpose: true });
    expect([train.classCount, train.imageShape, [...test!.images]]).toEqual([27, [2, 1, 1], [3, 4]]);
    expect(await failure(loadPath(path.join(base, 'emnist')))).toMatchInlineSnapshot(
      `"DataError: BASE/emnist: holds several data sets (emnist-digits-train-images-idx3-ubyte.gz, emnist-letters-train-images-idx3-ubyte.gz). Name one of these files."`,
    );
  });

  it('a lone pair, of whatever part, is the training part', async () => {
    const file = await pair('alone/t10k-', [1, 2], [0]);
    for (const at of [file, path.dirname(file)]) {
      const { train, test } = await loadPath(at);
      expect([train.count, test]).toEqual([1, undefined]);
    }
  });

  it('a plain file beside its packed one counts once', async () => {
    await pair('both/train-', [1, 2], [0]);
    await put('both/train-images-idx3-ubyte', images(3, 4));
    expect([...(await loadPath(path.join(base, 'both'))).train.images]).toEqual([3, 4]);
  });

  it('refuses what is none', async () => {
    const file = await put('x/train-images-idx3-ubyte', images(1, 2));
    expect(await failure(loadPath(path.join(base, 'x')))).toMatchInlineSnapshot(
      `"FileError: BASE/x/train-images-idx3-ubyte: there is no label file next to it. Put train-labels-idx1-ubyte (or its .gz) into the same folder."`,
    );
    const only = await put('x/train-labels-idx1-ubyte', labels(0));
    expect(await failure(loadPath(only))).toMatchInlineSnapshot(
      `"DataError: BASE/x/train-labels-idx1-ubyte: is a file of labels. Name the image file; its labels are found next to it."`,
    );
    await put('x/t10k-images-idx3-ubyte', Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9));
    await put('x/t10k-labels-idx1-ubyte', labels(0));
    expect(await failure(loadPath(file))).toMatchInlineSnapshot(
      `"DataError: BASE/x/train-images-idx3-ubyte: the test part has images of 1×1×1, but the training part has 1×2×1."`,
    );
    await put('x/t10k-images-idx3-ubyte', images(1, 2).subarray(0, 17));
    expect(await failure(loadPath(file))).toMatchInlineSnapshot(
      `"DataError: BASE/x/t10k-images-idx3-ubyte: truncated: [1,1,2] of u8 need 2 bytes, but 1 follow the header. Fetch it again."`,
    );
  });
});

describe('tables of other tools', () => {
  it('packed, with tabs, text as labels and pixels from 0 to 1, in both parts', async () => {
    const rows = (...labels: string[]): Uint8Array =>
      gzipSync(
        ['p0\tp1\tp2\tp3\tclass', ...labels.map((label) => `0.0\t0.2\t0.4\t1.0\t${label}`)].join('\n'),
      );
    await put('set/train.tsv.gz', rows('dog', 'cat', 'dog'));
    await put('set/test.tsv.gz', rows('dog'));
    const { train, test, notes } = await loadPath(path.join(base, 'set'));
    expect([train.classNames, [...train.labels], [...test!.labels]]).toEqual([
      ['cat', 'dog'],
      [1, 0, 1],
      [1],
    ]);
    expect([...train.image(0)]).toEqual([0, 51, 102, 255]);
    expect(notes!.map((note) => note.replaceAll(base, 'BASE'))).toEqual([
      "BASE/set/train.tsv.gz: the labels are in column 'class' of 5.",
      'BASE/set/train.tsv.gz: pixels from 0 to 1 were scaled to 0 … 255.',
      "BASE/set/test.tsv.gz: the labels are in column 'class' of 5.",
      'BASE/set/test.tsv.gz: pixels from 0 to 1 were scaled to 0 … 255.',
    ]);
    await put('set/test.tsv.gz', rows('bird'));
    expect(await failure(loadPath(path.join(base, 'set')))).toMatchInlineSnapshot(
      `"DataError: BASE/set/test.tsv.gz: the training part has no class 'bird'; its classes are cat, dog."`,
    );
  });

  it('labels that begin with 1 leave no empty class', async () => {
    const file = await put('letters.csv', 'label,pixel0\n1,5\n2,6\n3,7\n');
    const { train } = await loadPath(file);
    expect([train.classNames, [...train.labels]]).toEqual([
      ['1', '2', '3'],
      [0, 1, 2],
    ]);
    const gaps = await loadPath(await put('gaps.csv', 'label,pixel0\n1,5\n3,6\n'));
    expect(gaps.train.classNames).toEqual(['0', '1', '2', '3']);
  });

  it('are read as the options say', async () => {
    const file = await put('own.csv', 'kind,p0,p1,p2,p3\n1,0,1,1,0\n0,1,0,0,1\n');
    const { train } = await loadPath(file, { labelColumn: 'kind', pixelRange: [1, 0] });
    expect([[...train.images], [...train.labels]]).toEqual([
      [255, 0, 0, 255, 0, 255, 255, 0],
      [1, 0],
    ]);
  });
});

describe('pictures by class', () => {
  /** The value, then value + 100: a picture of one colour is refused. */
  const grey = (value: number, width = 2, height = 1): Uint8Array => {
    const data = Uint8Array.from({ length: width * height }, (_, i) => value + 100 * (i % 2));
    return encodePng({ data, width, height, channels: 1 });
  };
  const rgb = (...data: number[]): Uint8Array =>
    encodePng({ data: Uint8Array.from(data), width: 2, height: 1, channels: 3 });

  it('in the order of their names, numbers as numbers', async () => {
    for (const [name, value] of [
      ['10/a.png', 1],
      ['9/12.png', 2],
      ['9/2.PNG', 3],
      ['9/notes.txt', 0],
      ['.hidden/x.png', 4],
      ['__MACOSX/x.png', 5],
    ] as const)
      await put(`set/${name}`, name.endsWith('txt') ? 'hello' : grey(value));
    const { name, format, train, test } = await loadPath(path.join(base, 'set'));
    expect([name, format, test]).toEqual(['set', 'pictures', undefined]);
    expect(train.classNames).toEqual(['9', '10']);
    expect([...train.labels]).toEqual([0, 0, 1]);
    expect([...train.images]).toEqual([3, 103, 2, 102, 1, 101]);
    expect(train.imageShape).toEqual([1, 2, 1]);
  });

  it('are RGB when one of them is, and show a background where they are transparent', async () => {
    await put('set/cat/1.png', grey(7));
    await put('set/dog/1.png', rgb(1, 2, 3, 4, 5, 6));
    await put(
      'set/dog/2.png',
      encodePng({ data: Uint8Array.of(200, 0, 100, 51), width: 2, height: 1, channels: 2 }),
    );
    const { train } = await loadPath(path.join(base, 'set'));
    expect(train.imageShape).toEqual([1, 2, 3]);
    const opaque = [7, 7, 7, 107, 107, 107, 1, 2, 3, 4, 5, 6];
    expect([...train.images]).toEqual([...opaque, 255, 255, 255, 224, 224, 224]);
    const onBlack = await loadPath(path.join(base, 'set'), { pictures: { background: '#000000' } });
    expect([...onBlack.train.images]).toEqual([...opaque, 0, 0, 0, 20, 20, 20]);
  });

  it('in parts, with the classes and the colours of all parts', async () => {
    await put('set/train/a/1.png', grey(1));
    await put('set/train/b/1.png', grey(2));
    await put('set/test/b/1.png', rgb(1, 2, 3, 4, 5, 6));
    await put('set/val/a/1.png', grey(3));
    const { train, test, validation } = await loadPath(path.join(base, 'set'));
    expect([train, test, validation].map((part) => part?.classCounts())).toEqual([
      [1, 1],
      [0, 1],
      [1, 0],
    ]);
    expect([train, test, validation].map((part) => part?.channels)).toEqual([3, 3, 3]);
    expect([...validation!.images]).toEqual([3, 3, 3, 103, 103, 103]);
  });

  it('a class may be called train', async () => {
    await put('set/train/1.png', grey(1));
    await put('set/car/1.png', grey(2));
    expect((await loadPath(path.join(base, 'set'))).train.classNames).toEqual(['car', 'train']);
  });

  it('a class may be a link to a folder', async () => {
    await put('elsewhere/1.png', grey(1));
    await put('set/a/1.png', grey(2));
    await symlink(path.join(base, 'elsewhere'), path.join(base, 'set/b'));
    await symlink(path.join(base, 'nowhere'), path.join(base, 'set/c'));
    expect((await loadPath(path.join(base, 'set'))).train.classNames).toEqual(['a', 'b']);
  });

  it('many of them', async () => {
    await mkdir(path.join(base, 'set/a'), { recursive: true });
    for (let i = 0; i < 100; i++) await writeFile(path.join(base, `set/a/${i}.png`), grey(i));
    const { train } = await loadPath(path.join(base, 'set'));
    expect([...train.images].filter((_, i) => i % 2 === 0)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it('names all that cannot be used, and leaves them out when asked', async () => {
    const at = path.join(base, 'set');
    await put('set/a/1.png', grey(1));
    await mkdir(path.join(base, 'set/empty'));
    await put('set/b/1.png', grey(1));
    await put('set/b/2.png', 'hello');
    expect(await failure(loadPath(at))).toMatchInlineSnapshot(
      `"DataError: BASE/set/b/2.png: is not a picture: its first bytes are those of some other kind of file. Save it as PNG or JPEG. Mend or remove it, or leave it out with --skip-bad."`,
    );
    await put('set/b/10.png', '');
    await put('set/b/3.png', grey(1).subarray(0, 50));
    await put('set/b/4.png', encodePng({ data: Uint8Array.of(5, 5), width: 2, height: 1, channels: 1 }));
    await put(
      'set/b/5.heic',
      Uint8Array.from('....ftypheic', (c) => c.charCodeAt(0)),
    );
    expect(await failure(loadPath(at))).toMatchInlineSnapshot(
      `"DataError: BASE/set: 5 of 7 pictures (2.png, 3.png, 4.png and 2 more) cannot be used. Mend or remove them, or leave them out with --skip-bad."`,
    );
    const error: unknown = await loadPath(at).catch((thrown: unknown) => thrown);
    expect((error as DataError).faults).toHaveLength(5);
    const { train, notes } = await loadPath(at, { skipBad: true });
    expect([...train.labels]).toEqual([0, 1]);
    expect(notes!.map((note) => note.replaceAll(base, 'BASE'))).toMatchInlineSnapshot(`
      [
        "Left out: 5 of 7 pictures (2.png, 3.png, 4.png and 2 more), which cannot be used.",
      ]
    `);
  });

  it('are named by a table beside them, with a class or a column for each class', async () => {
    await put('set/train/1.png', grey(1));
    await put('set/train/2.png', grey(2));
    await put('set/train/10.png', grey(3));
    await put('set/train/left.png', grey(9));
    await put('set/test/1.png', grey(4));
    await put('set/train.csv', 'id,breed\n10,pug\n1,beagle\n2,pug\n');
    await put('set/sample_submission.csv', 'id,pug,beagle\n1,0.5,0.5\n');
    const { train, unlabelled, notes } = await loadPath(path.join(base, 'set'));
    expect([train.classNames, [...train.labels], [...train.images]]).toEqual([
      ['beagle', 'pug'],
      [1, 0, 1],
      [3, 103, 1, 101, 2, 102],
    ]);
    expect([...unlabelled!.images]).toEqual([4, 104]);
    expect(notes).toEqual(['The labels are from train.csv.', 'Left aside: 1 picture that it does not name.']);

    await put('hot/images/a.png', grey(1));
    await put('hot/images/b.png', grey(2));
    await put('hot/labels.csv', 'file;ant;bee\nimages/a.png;0;1\nimages/b.png;1.0;0\n');
    const hot = await loadPath(path.join(base, 'hot'));
    expect([hot.train.classNames, [...hot.train.labels]]).toEqual([
      ['ant', 'bee'],
      [1, 0],
    ]);
    await put('hot/labels.csv', 'file;ant;bee\nimages/a.png;0;1\nimages/c.png;1;0\nimages/b.png;1;0\n');
    expect(await failure(loadPath(path.join(base, 'hot')))).toMatchInlineSnapshot(
      `"DataError: BASE/hot/labels.csv: 1 of its 3 rows name pictures that are not in the folder (images/c.png)."`,
    );
    await put('hot/labels.csv', 'file,size,colour\na,1,red\nb,2,blue\n');
    const coloured = await loadPath(path.join(base, 'hot'), { labelColumn: 'colour' });
    expect([coloured.train.classNames, [...coloured.train.labels]]).toEqual([
      ['blue', 'red'],
      [1, 0],
    ]);
    expect(await failure(loadPath(path.join(base, 'hot')))).toMatchInlineSnapshot(
      `"DataError: BASE/hot/labels.csv: its columns are file, size, colour, and none is called 'label' or 'class'. Name the column of the classes with --label-column."`,
    );
  });

  it('without folders and table have no classes', async () => {
    await put('set/1.png', grey(1));
    await put('set/2.jpg', 'x');
    expect(await failure(loadPath(path.join(base, 'set')))).toMatch(
      /^DataError: BASE\/set: holds 2 pictures and no folders, so nothing tells their classes\. Put /,
    );
  });

  it('in class folders have no need of a table beside them', async () => {
    await put('set/a/1.png', grey(1));
    await put('set/b/1.png', grey(2));
    await put('set/labels.csv', 'file,label\na/1.png,x\nb/1.png,y\n');
    expect((await loadPath(path.join(base, 'set'))).train.classNames).toEqual(['a', 'b']);
  });

  it('asks for a size when they differ, and how they take it', async () => {
    const at = path.join(base, 'set');
    await put('set/a/1.png', grey(1, 4, 2));
    await put('set/a/2.png', grey(1, 4, 2));
    await put('set/b/1.png', grey(1, 2, 6));
    expect(await failure(loadPath(at))).toMatchInlineSnapshot(
      `"DataError: BASE/set: its 3 pictures have 2 sizes, from 4×2 to 2×6; the commonest is 4×2 (2). Choose one size for all, such as --size 4x2, and how they take it: --fit contain, cover or stretch."`,
    );
    const { train } = await loadPath(at, { size: { height: 2, width: 2 } });
    expect([train.count, ...train.imageShape]).toEqual([3, 2, 2, 1]);
    const stretched = await loadPath(at, {
      size: { height: 2, width: 2 },
      pictures: { fit: 'stretch' },
    });
    expect([...stretched.train.image(0)]).toEqual([51, 51, 51, 51]);
  });

  it('leaves stray folders aside, and looks into a wrapper', async () => {
    for (const name of ['Training/a/x/1.png', 'Training/a/y/2.png', 'Training/b/1.png', 'testing/b/1.png'])
      await put(`set/data/${name}`, grey(1));
    for (const name of ['@eaDir/1.png', 'data/@eaDir/1.png', 'data/Training/@eaDir/1.png'])
      await put(`set/${name}`, grey(1));
    await put('set/data/unlabeled/1.png', grey(1));
    await put('set/data/Training/loose.png', grey(1));
    await put('set/readme.txt', 'hello');
    const { train, test, notes } = await loadPath(path.join(base, 'set'));
    expect([train.classNames, train.classCounts(), test!.classCounts()]).toEqual([
      ['a', 'b'],
      [2, 1],
      [0, 1],
    ]);
    expect(notes).toEqual([
      'Left aside: 1 picture without labels in unlabeled.',
      'Left aside: 1 picture directly in Training.',
    ]);
  });

  it('keeps test pictures without labels', async () => {
    await put('set/train/a/1.png', grey(1));
    await put('set/train/b/1.png', grey(2));
    await put('set/test/2.png', grey(9));
    await put('set/test/10.png', grey(8));
    const { test, unlabelled } = await loadPath(path.join(base, 'set'));
    expect(test).toBeUndefined();
    expect([unlabelled!.count, ...unlabelled!.images]).toEqual([2, 9, 109, 8, 108]);
  });

  it('says which of two folders could be a part', async () => {
    await put('set/train/a/1.png', grey(1));
    await put('set/Training/a/1.png', grey(1));
    expect(await failure(loadPath(path.join(base, 'set')))).toMatchInlineSnapshot(
      `"DataError: BASE/set: both train and Training could be the training part; rename one of them."`,
    );
  });

  it('refuses a test part with other classes or sizes', async () => {
    await put('set/train/a/1.png', grey(1));
    await put('set/test/b/1.png', grey(1));
    expect(await failure(loadPath(path.join(base, 'set')))).toMatchInlineSnapshot(
      `"DataError: BASE/set/test/b: the training part has no class 'b'; its classes are a."`,
    );
    await rm(path.join(base, 'set/test'), { recursive: true });
    await put('set/test/a/1.png', grey(1, 4, 4));
    expect(await failure(loadPath(path.join(base, 'set')))).toMatchInlineSnapshot(
      `"DataError: BASE/set: its 2 pictures have 2 sizes, from 2×1 to 4×4; the commonest is 2×1 (1). Choose one size for all, such as --size 28x28, and how they take it: --fit contain, cover or stretch."`,
    );
  });
});

describe('nothing there', () => {
  it('says so', async () => {
    await mkdir(path.join(base, 'empty'));
    expect(await failure(loadPath(path.join(base, 'empty')))).toMatchInlineSnapshot(
      `"FileError: BASE/empty: holds no data set; expected IDX files (…images-idx3-ubyte), train.csv, or folders of pictures by class."`,
    );
    expect(await failure(loadPath(path.join(base, 'none')))).toMatchInlineSnapshot(
      `"FileError: cannot read BASE/none: there is no such file or folder. Check the path."`,
    );
    expect(await failure(loadPath(await put('text.md', '# hello')))).toMatchInlineSnapshot(
      `"DataError: BASE/text.md: is not a data set; expected a .csv or .tsv (or its .gz), a file called …images-idx3-ubyte (or its .gz), or a folder."`,
    );
  });

  it('with the right kind of error', async () => {
    await expect(loadDataset(path.join(base, 'none'))).rejects.toBeInstanceOf(FileError);
    await expect(loadDataset('nothing-of-that-name')).rejects.toBeInstanceOf(UsageError);
    await expect(loadDataset(await put('text.md', '# hello'))).rejects.toBeInstanceOf(DataError);
    await expect(loadDataset(base, { folder: base })).rejects.toBeInstanceOf(UsageError);
    const csv = await put('own.csv', `${header}0,1,2,3,4\n`);
    await expect(loadDataset(csv, { transpose: true })).rejects.toThrow(/only IDX images are transposed/);
  });
});
