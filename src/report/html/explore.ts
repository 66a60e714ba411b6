/** `explore.html`: a data set in figures and pictures. */
import { maxOf } from '../../extent.js';
import { barChart } from '../charts/bar_chart.js';
import { grouped } from '../charts/numbers.js';
import type { EncodePng } from '../charts/picture.js';
import { predictionGrid } from '../charts/prediction_grid.js';
import { type ColumnGroup, type PictureRow, pictureTable } from '../charts/picture_table.js';
import type { Drawing } from '../charts/svg.js';
import type { AugmentedSamples, Picture } from '../evaluation_file.js';
import { type Section, absent, facts, figure, paragraph, table } from './elements.js';
import { page } from './page.js';

/** The number of images of each class in a part. */
export interface PartCounts {
  readonly part: string;
  readonly counts: readonly number[];
}

export interface Exploration {
  readonly dataset: string;
  readonly source: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Over all values of the training images, scaled to 0 … 1. */
  readonly mean: number;
  readonly deviation: number;
  readonly classNames: readonly string[];
  readonly parts: readonly PartCounts[];
  readonly samples: readonly { readonly picture: Picture; readonly label: string }[];
  /** Rows of the same images, the originals first. */
  readonly blurred: readonly PictureRow[];
  readonly sharpened: readonly PictureRow[];
  /** The same images augmented by each preset; without presets that do not augment. */
  readonly augmented: readonly (AugmentedSamples & { readonly preset: string })[];
}

/** The pictures of the page, each also a file. `augmented` is left out if no preset augments. */
export const drawingNames = ['classes', 'samples', 'blurred', 'sharpened', 'augmented'] as const;

type ExplorationDrawings = Readonly<Record<Exclude<(typeof drawingNames)[number], 'augmented'>, Drawing>> & {
  readonly augmented?: Drawing;
};

/** With more classes only some are listed: those with the fewest images, and those with the most. */
const mostListed = 100;

/** The labels of the classes to show, ascending. */
export function classesShown({ classNames, parts }: Pick<Exploration, 'classNames' | 'parts'>): number[] {
  const labels = classNames.map((_, label) => label);
  if (labels.length <= mostListed) return labels;
  const images = labels.map((label) => parts.reduce((sum, { counts }) => sum + (counts[label] ?? 0), 0));
  const byImages = labels.sort((a, b) => images[a]! - images[b]! || a - b);
  return [...byImages.slice(0, mostListed / 2), ...byImages.slice(-mostListed / 2)].sort((a, b) => a - b);
}

function noteOf(shown: readonly number[], { classNames }: Exploration): string {
  return shown.length === classNames.length
    ? ''
    : `: ${shown.length} of ${grouped(classNames.length)} classes, those with the fewest images and the most`;
}

export function explorationDrawings(found: Exploration, encode: EncodePng): ExplorationDrawings {
  const { dataset, samples, blurred, sharpened, augmented } = found;
  const shown = classesShown(found);
  const rows = (title: string, all: readonly PictureRow[]): Drawing =>
    pictureTable({
      title,
      columns: [{ label: '', count: Math.max(1, maxOf(all.map(({ pictures }) => pictures.length))) }],
      rows: all,
      encode,
    });
  return {
    classes: barChart({
      title: `Images per class, ${dataset}${noteOf(shown, found)}`,
      categories: shown.map((label) => found.classNames[label]!),
      groups: found.parts.map(({ part, counts }) => ({
        label: part,
        values: shown.map((label) => counts[label]!),
      })),
      unit: 'number',
      xLabel: 'images',
      format: (value) => grouped(value),
    }),
    samples: predictionGrid({
      title: `${samples.length} training images, ${dataset}`,
      images: samples.map(({ picture, label }) => ({ picture, truth: label })),
      encode,
    }),
    blurred: rows('Blurred', blurred),
    sharpened: rows('Sharpened', sharpened),
    ...(augmented.length === 0 ? {} : { augmented: augmentedDrawing(augmented, encode) }),
  };
}

/** A column of originals, then the variants of each preset. */
function augmentedDrawing(augmented: Exploration['augmented'], encode: EncodePng): Drawing {
  const columns: ColumnGroup[] = augmented.map(({ preset, rows }) => ({
    label: `preset ${preset}`,
    count: rows[0]?.variants.length ?? 0,
  }));
  const rows = augmented[0]!.rows.map(({ original }, i) => ({
    label: '',
    pictures: [original, ...augmented.flatMap((one) => one.rows[i]?.variants ?? [])],
  }));
  return pictureTable({
    title: 'Augmented training images',
    columns: [{ label: 'original', count: 1 }, ...columns],
    rows,
    encode,
  });
}

export function explorePage(found: Exploration, encode: EncodePng, version: string): string {
  const drawings = explorationDrawings(found, encode);
  const { dataset, augmented } = found;
  const recipes = augmented.map(({ preset, recipe }) => paragraph(`Preset ${preset}: ${recipe}.`)).join('');
  const sections: Section[] = [
    { id: 'shape', title: 'Shape and classes', html: shape(found, drawings.classes) },
    { id: 'samples', title: 'Samples', html: figure(drawings.samples) },
    {
      id: 'filters',
      title: 'Filters',
      html: `${figure(drawings.blurred, 'Kernel (1/16)·[1 2 1; 2 4 2; 1 2 1], zeros outside.')}${figure(drawings.sharpened, 'Kernel [0 −1 0; −1 5 −1; 0 −1 0], zeros outside. After five blurs it restores little.')}`,
    },
    {
      id: 'augmentation',
      title: 'Augmentation',
      html: drawings.augmented
        ? figure(
            drawings.augmented,
            'Each row: a training image, then augmented versions by each preset; every epoch draws new ones.',
          ) + recipes
        : absent('No preset augments the images of this data set.'),
    },
  ];
  return page({
    title: `Data set ${dataset}`,
    subtitle: found.source,
    lead: '',
    sections,
    footer: `Written by shadegrad ${version}. This page is one file and fetches nothing.`,
  });
}

function shape(found: Exploration, classes: Drawing): string {
  const { height, width, channels, mean, deviation, classNames, parts } = found;
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
  const shapes = facts('Shape', [
    ['one image', `${height} × ${width} × ${channels} (${channels === 1 ? 'grey' : 'colour'})`],
    ...parts.map(({ part, counts }): [string, string] => [`${part} images`, grouped(sum(counts))]),
    ['classes', grouped(classNames.length)],
    ['mean of the values', mean.toFixed(4)],
    ['their deviation', deviation.toFixed(4)],
  ]);
  const shown = classesShown(found);
  const counts = table({
    caption: `Images per class${noteOf(shown, found)}`,
    head: ['class', ...parts.map(({ part }) => part)],
    rows: shown.map((i) => [classNames[i]!, ...parts.map(({ counts }) => grouped(counts[i] ?? 0))]),
    foot: [['total', ...parts.map(({ counts }) => grouped(sum(counts)))]],
    numeric: parts.map((_, i) => i + 1),
  });
  return `<div class="columns"><div>${shapes}${counts}</div>${figure(classes)}</div>`;
}
