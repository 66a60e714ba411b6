/** `explore`: shows the shape and classes of a data set, and samples with and without filters and augmentation. */
import type { ImageSet } from '../data/dataset.js';
import type { Tensor } from '../engine/tensor.js';
import { image } from '../kernels/index.js';
import { checkWritable, openFolder } from '../node/files.js';
import { encodePng } from '../node/png.js';
import { svgToPng } from '../node/svg_png.js';
import { permutation, streams } from '../random.js';
import type { PictureRow } from '../report/charts/picture_table.js';
import { svgFile } from '../report/charts/svg.js';
import {
  type Exploration,
  classesShown,
  drawingNames,
  explorationDrawings,
  explorePage,
} from '../report/html/explore.js';
import { augmentedSamples } from './augmented_samples.js';
import type { ExploreOptions } from './commands.js';
import { openDevice } from './device.js';
import { dataSourceOf, loadImages } from './load_images.js';
import { bold, columnName, openOutput, table } from './output.js';
import { pictureOf, takePictures, tensorOf } from './pictures.js';
import type { PresetName } from '../nn/names.js';
import { presetFor } from '../recipe/presets.js';
import { checkOutFolder, defaultFolder } from './run_folder.js';
import { version } from './version.js';

/** Samples in the grid, and images per row of filtered ones. */
const sampleCount = 25;
const rowCount = 8;
const variantCount = 4;
const shownPresets = ['corrected', 'paper'] as const satisfies readonly PresetName[];

export async function explore(options: ExploreOptions): Promise<number> {
  const output = openOutput(options);
  const loaded = await loadImages(dataSourceOf(options), options, output);
  const { train, test, validation, name, source } = loaded;
  const parts = [
    { part: 'train', counts: train.classCounts() },
    ...(validation ? [{ part: 'validation', counts: validation.classCounts() }] : []),
    ...(test ? [{ part: 'test', counts: test.classCounts() }] : []),
  ];
  const { height, width, channels, classNames } = train;
  output.say(`${bold(output, name)} from ${source}`);
  output.say(
    `Shape: train [${train.count}, ${height}, ${width}, ${channels}]${test ? `, test [${test.count}, ${height}, ${width}, ${channels}]` : ', no labelled test part'}.`,
  );
  const shown = classesShown({ classNames, parts });
  output.say(
    ...table(
      ['class', ...parts.map(({ part }) => part)],
      [
        ...shown.map((label) => [
          columnName(classNames[label]!),
          ...parts.map(({ counts }) => counts[label]!),
        ]),
        ['total', ...parts.map(({ counts }) => counts.reduce((total, count) => total + count, 0))],
      ],
    ),
  );
  if (shown.length < classNames.length)
    output.say(
      `Only the ${shown.length} of ${classNames.length} classes with the fewest and the most images are listed.`,
    );

  const folder = openFolder(options.out ?? defaultFolder(`explore-${name}`));
  await checkOutFolder('explore', folder, {
    page: 'explore.html',
    pictures: drawingNames.flatMap((drawing) => [`${drawing}.svg`, `${drawing}.png`]),
  });
  await checkWritable(folder.path);
  await openDevice(options);
  const found: Exploration = {
    dataset: name,
    source,
    height,
    width,
    channels,
    ...train.meanAndDeviation(),
    classNames,
    parts,
    samples: Array.from(choose(train, sampleCount, options.seed), (index) => ({
      picture: pictureOf(train, index),
      label: classNames[train.labels[index]!]!,
    })),
    ...(await filtered(train, options.seed)),
    augmented: await augmented(train, options),
  };
  const files: string[] = [];
  const write = async (file: string, contents: Uint8Array | string): Promise<void> => {
    await folder.write(file, contents);
    files.push(file);
  };
  await write('explore.html', explorePage(found, encodePng, version));
  for (const [file, drawing] of Object.entries(explorationDrawings(found, encodePng))) {
    const svg = svgFile(drawing);
    await write(`${file}.svg`, svg);
    await write(`${file}.png`, svgToPng(svg));
  }
  output.say('', `Wrote to ${folder.path}: ${files.join(', ')}.`);
  output.result({
    dataset: name,
    source,
    shape: [height, width, channels],
    classNames,
    counts: Object.fromEntries(parts.map(({ part, counts }) => [part, counts])),
    mean: found.mean,
    deviation: found.deviation,
    out: folder.path,
    files,
  });
  return 0;
}

/** Indices of a random sample of images. */
function choose(images: ImageSet, count: number, seed: number): Uint32Array {
  return permutation(images.count, seed, streams.show).subarray(0, count);
}

/** Rows of the same images, each with another filter. */
async function filtered(images: ImageSet, seed: number): Promise<Pick<Exploration, 'blurred' | 'sharpened'>> {
  const shown = images.select(choose(images, rowCount, seed));
  const x = tensorOf(shown);
  const row = async (label: string, y: Tensor): Promise<PictureRow> => ({
    label,
    pictures: await takePictures(y, shown),
  });
  const original = {
    label: 'original',
    pictures: Array.from({ length: shown.count }, (_, i) => pictureOf(shown, i)),
  };
  const blurred = image.blur(x, 5);
  const found = {
    blurred: [
      original,
      await row('blurred once', image.blur(x, 1)),
      await row('blurred five times', image.blur(x, 5)),
    ],
    sharpened: [
      original,
      await row('sharpened', image.sharpen(x)),
      await row('blurred 5×, sharpened', image.sharpen(blurred)),
    ],
  };
  blurred.dispose();
  x.dispose();
  return found;
}

/** The same images augmented by each preset, without its filters, which would hide the geometry. */
async function augmented(
  images: ImageSet,
  { dataset, seed }: ExploreOptions,
): Promise<Exploration['augmented']> {
  const found: Exploration['augmented'][number][] = [];
  for (const preset of shownPresets) {
    const { augmentation } = presetFor(preset, dataset);
    if (augmentation === null) continue;
    const samples = await augmentedSamples(images, { filters: [] }, augmentation, {
      seed,
      variants: variantCount,
    });
    found.push({ preset, ...samples });
  }
  return found;
}
