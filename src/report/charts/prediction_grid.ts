/**
 * Images in a grid, five per row, each with its true class and, if there is one, the model's prediction.
 * A mistake has a cross and a frame, not only a colour.
 */
import { checkCall } from '../../calls.js';
import { pictureRules } from '../../image_values.js';
import { type Rules, fn, list, nested, required, text as textRule, within } from '../../options.js';
import type { Picture } from '../evaluation_file.js';
import { probability } from './numbers.js';
import { paint } from './palette.js';
import { type EncodePng, boxFor, svgImage } from './picture.js';
import { type Drawing, px, type TextStyle, shorten, text, titled } from './svg.js';

export interface GridImage {
  readonly picture: Picture;
  readonly truth: string;
  readonly guess?: { readonly name: string; readonly confidence: number };
}

export interface PredictionGrid {
  readonly title: string;
  readonly images: readonly GridImage[];
  readonly encode: EncodePng;
}

const rules = (): Rules<PredictionGrid> => ({
  title: required(textRule),
  images: required(
    list(
      'a list of images',
      nested<GridImage>({
        picture: required(nested(pictureRules())),
        truth: required(textRule),
        guess: nested<NonNullable<GridImage['guess']>>({
          name: required(textRule),
          confidence: required(within(0, 1)),
        }),
      }),
    ),
  ),
  encode: required(fn),
});

const columns = 5;
const cellWidth = 124;
/** Bold letters are wider by this factor. */
const boldness = 1.12;

export function predictionGrid(grid: PredictionGrid): Drawing {
  checkCall('charts.predictionGrid', grid, rules);
  const { title, images, encode } = grid;
  const hasGuesses = images.some(({ guess }) => guess !== undefined);
  const box = boxFor(images[0]?.picture);
  const cellHeight = box + (hasGuesses ? 68 : 34);
  const width = 32 + columns * cellWidth;
  const rows = Math.max(1, Math.ceil(images.length / columns));
  const cells = images.map((image, i) => {
    const x = 16 + (i % columns) * cellWidth;
    const y = 46 + Math.floor(i / columns) * cellHeight;
    return titled(cell(image, encode, x, y, box), words(image));
  });
  const empty = images.length === 0 ? text(width / 2, 90, 'none', { anchor: 'middle', colour: 'soft' }) : '';
  return {
    width,
    height: 46 + rows * cellHeight + 4,
    description: `${title}: ${images.map(words).join('; ') || 'none'}.`,
    body: [text(16, 26, title, { size: 15, isBold: true }), ...cells, empty].join('\n'),
  };
}

/** `9, classified as 4 (87.1 %)`. */
export function words({ truth, guess }: GridImage): string {
  if (guess === undefined) return truth;
  const sure = probability(guess.confidence);
  return guess.name === truth
    ? `${truth}, correct (${sure})`
    : `${truth}, classified as ${guess.name} (${sure})`;
}

function cell(
  { picture, truth, guess }: GridImage,
  encode: EncodePng,
  x: number,
  y: number,
  box: number,
): string {
  const left = x + (cellWidth - box) / 2;
  const middle = x + cellWidth / 2;
  const room = cellWidth - 6;
  const image = svgImage(picture, encode, left, y, box);
  if (guess === undefined) {
    const label = text(middle, y + box + 18, shorten(truth, room / boldness, 13), {
      size: 13,
      anchor: 'middle',
      isBold: true,
    });
    return image + frame(left, y, box, false) + label;
  }
  const isWrong = guess.name !== truth;
  const mark = isWrong ? '✗' : '✓';
  const line = (content: string, row: number, style: TextStyle): string =>
    text(middle, y + box + 18 + row * 16, content, { anchor: 'middle', ...style });
  return [
    image,
    frame(left, y, box, isWrong),
    line(shorten(`${mark} ${guess.name}`, room / boldness, 12), 0, {
      isBold: true,
      colour: isWrong ? 'orange' : 'blue',
    }),
    line(shorten(`true: ${truth}`, room, 12), 1, { colour: isWrong ? 'ink' : 'soft' }),
    line(`${sureness(guess.confidence)} sure`, 2, { size: 11, colour: 'soft' }),
  ].join('');
}

/** In whole percents, but never 100 for a probability below 1. */
export function sureness(confidence: number): string {
  return `${Math.floor(confidence * 100)} %`;
}

function frame(x: number, y: number, box: number, isWrong: boolean): string {
  return isWrong
    ? `<rect x="${px(x - 2)}" y="${px(y - 2)}" width="${box + 4}" height="${box + 4}" stroke-width="4" stroke-dasharray="10 4" ${paint({ stroke: 'orange' })}/>`
    : `<rect x="${px(x - 0.5)}" y="${px(y - 0.5)}" width="${box + 1}" height="${box + 1}" ${paint({ stroke: 'grid' })}/>`;
}
