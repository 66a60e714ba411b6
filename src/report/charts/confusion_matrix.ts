/**
 * Confusion matrix: a row per true class, a column per predicted class, the count in each cell, shaded by its share
 * of the row. The diagonal is framed; mistakes have another colour.
 *
 * Shades follow the square root of the share, so that a mistake of one in a hundred can be seen.
 */
import { checkCall } from '../../calls.js';
import { maxOf } from '../../extent.js';
import { type Rules, list, required, text as textRule } from '../../options.js';
import {
  type Confusion,
  type ConfusionRows,
  amongLabels,
  asConfusion,
  confusionRule,
  countRight,
  labelsToDraw,
  supports,
} from '../confusion.js';
import { grouped, percent } from './numbers.js';
import { paint } from './palette.js';
import { type Drawing, px, shorten, text, textWidth, titled } from './svg.js';

export interface ConfusionChart {
  readonly title: string;
  /** Pairs, or confusion[truth][guess]. */
  readonly confusion: Confusion | ConfusionRows;
  readonly classNames: readonly string[];
}

const rules = (): Rules<ConfusionChart> => ({
  title: required(textRule),
  confusion: required(confusionRule()),
  classNames: required(list('a list of strings', textRule)),
});

const size = 12;
const maxLabel = 110;

/** With more classes only some are drawn, few enough to label each. */
const drawn = { most: 100, least: 30 };

/**
 * Takes 2 or more classes: with more classes, cells shrink, then counts and some labels are omitted; with more than
 * 100, only the 30 with the most mistakes are drawn.
 */
export function confusionMatrix(chart: ConfusionChart): Drawing {
  checkCall('charts.confusionMatrix', chart, rules);
  const { title, confusion: counts, classNames: allNames } = chart;
  const confusion = asConfusion(counts);
  const shown = labelsToDraw(confusion, drawn);
  const classNames = shown.map((label) => allNames[label] ?? String(label));
  const classes = shown.length;
  const cell = Math.max(5, Math.min(72, Math.floor(450 / classes)));
  const labels = classNames.map((name) => shorten(name, maxLabel, size));
  const longest = maxOf(labels.map((label) => textWidth(label, size)));
  const every = thinning(15 / cell);
  const isSlanted = longest > cell * every - 6;
  const everyColumn = isSlanted ? thinning(20 / cell) : every;
  const left = 46 + longest;
  const note =
    classes === confusion.classes
      ? ''
      : `The ${classes} of ${grouped(confusion.classes)} classes with the most mistakes.`;
  const top = note === '' ? 48 : 62;
  const side = cell * classes;
  const below = isSlanted ? 20 + longest * 0.72 : 24;
  const margin = Math.max(24, isSlanted ? 12 : longest / 2);
  const width = Math.max(left + side + margin, 380);
  const height = top + side + below + 80;

  const images = supports(confusion);
  const { cells: inside } = amongLabels(confusion, shown);
  const widest = maxOf(
    [0, ...inside.map(({ count }) => count)].map((count) => textWidth(grouped(count), 1.05)),
  );
  const letters = Math.min(13, Math.floor((cell - 4) / widest));
  const cells = inside.map(({ truth, guess, count }) => {
    const support = images[shown[truth]!]!;
    return drawCell({
      x: left + guess * cell,
      y: top + truth * cell,
      cell,
      letters,
      count,
      share: count / support,
      isRight: truth === guess,
      words: `${classNames[truth]} classified as ${classNames[guess]}: ${grouped(count)} of ${grouped(support)} (${percent(count / support)})`,
    });
  });
  const diagonal = classNames.map(
    (_, i) =>
      `<rect x="${px(left + i * cell + 0.5)}" y="${px(top + i * cell + 0.5)}" width="${px(cell - 1)}" height="${px(cell - 1)}" stroke-width="${cell > 14 ? 1.5 : 0.75}" ${paint({ stroke: 'ink' })}/>`,
  );
  const rowLabels = labels.map((label, i) =>
    i % every === 0
      ? text(left - 8, top + (i + 0.5) * cell + 4, label, { size, anchor: 'end', colour: 'soft' })
      : '',
  );
  const columnLabels = labels.map((label, i) => {
    if (i % everyColumn !== 0) return '';
    const x = left + (i + 0.5) * cell;
    return isSlanted
      ? text(x + 4, top + side + 14, label, { size, anchor: 'end', colour: 'soft', turn: -45 })
      : text(x, top + side + 18, label, { size, anchor: 'middle', colour: 'soft' });
  });
  const body = [
    text(16, 26, title, { size: 15, isBold: true }),
    note === '' ? '' : text(16, 43, note, { size, colour: 'soft' }),
    grid(left, top, side, cell, classes),
    ...cells,
    ...diagonal,
    ...rowLabels,
    ...columnLabels,
    text(18, top + side / 2, 'true class', { size, anchor: 'middle', turn: -90, isBold: true }),
    text(left + side / 2, top + side + below + 14, 'predicted class', {
      size,
      anchor: 'middle',
      isBold: true,
    }),
    legend(left + side / 2, top + side + below + 40),
  ];
  const total = images.reduce((sum, count) => sum + count, 0);
  const right = countRight(confusion);
  const description = `${title}: ${grouped(right)} of ${grouped(total)} images on the diagonal, ${grouped(total - right)} beside it.${note === '' ? '' : ` ${note}`}`;
  return { width, height, description, body: body.filter((part) => part !== '').join('\n') };
}

/** Labels every 1, 2, 5, 10, … classes, so that labels are at least `wanted` cells apart. */
function thinning(wanted: number): number {
  return [1, 2, 5, 10, 20, 50].find((step) => step >= wanted) ?? 100;
}

/** Thin grid lines, so that the eye can follow rows and columns. */
function grid(left: number, top: number, side: number, cell: number, classes: number): string {
  const step = cell < 12 ? 10 : 1;
  const paths = Array.from({ length: Math.floor(classes / step) + 1 }, (_, i) => {
    const at = i * step * cell;
    return `M${px(left + at)} ${px(top)}v${px(side)}M${px(left)} ${px(top + at)}h${px(side)}`;
  });
  return `<path d="${paths.join('')}M${px(left + side)} ${px(top)}v${px(side)}M${px(left)} ${px(top + side)}h${px(side)}" stroke-width="1" ${paint({ stroke: 'grid' })}/>`;
}

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  /** Size of the numbers; too small to read below 7. */
  readonly letters: number;
  readonly count: number;
  readonly share: number;
  readonly isRight: boolean;
  readonly words: string;
}

function drawCell({ x, y, cell, letters, count, share, isRight, words }: Cell): string {
  const shade = shadeOf(share);
  const square = `<rect x="${px(x + 0.5)}" y="${px(y + 0.5)}" width="${px(cell - 1)}" height="${px(cell - 1)}" fill-opacity="${px(shade)}" ${paint({ fill: isRight ? 'blue' : 'orange' })}/>`;
  const number =
    letters >= 7
      ? text(x + cell / 2, y + cell / 2 + letters * 0.36, grouped(count), {
          size: letters,
          anchor: 'middle',
          colour: shade > 0.7 ? 'onColour' : 'ink',
          isBold: isRight,
        })
      : '';
  return titled(square + number, words);
}

/** Shade from 0 to 1, visible for any non-zero share. */
function shadeOf(share: number): number {
  return 0.1 + 0.9 * Math.sqrt(share);
}

/** The shades of a few shares, right and wrong. */
function legend(middle: number, y: number): string {
  const shares = [0.01, 0.1, 0.25, 0.5, 1];
  const step = 46;
  const left = middle - (shares.length * step) / 2 + 46;
  const boxes = shares.map((share, i) => {
    const x = left + i * step;
    const box = (colour: 'blue' | 'orange', at: number) =>
      `<rect x="${px(x)}" y="${px(at)}" width="${step - 4}" height="10" fill-opacity="${px(shadeOf(share))}" ${paint({ fill: colour })}/>`;
    const label = text(x + step / 2 - 2, y + 29, percent(share, 0), {
      size: 10,
      anchor: 'middle',
      colour: 'soft',
    });
    return box('blue', y - 10) + box('orange', y + 5) + label;
  });
  const names = ['right', 'wrong', 'of the true class'].map((name, row) =>
    text(left - 8, y - 1 + row * 15, name, { size: 10, anchor: 'end', colour: 'soft' }),
  );
  return [...names, ...boxes].join('');
}
