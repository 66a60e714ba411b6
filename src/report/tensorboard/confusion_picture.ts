/**
 * Draws a confusion matrix as pixels for TensorBoard, with its own ten digit glyphs.
 *
 * Rows are true classes, columns predictions, both numbered along the edges. A cell is darker for a larger share
 * of its row and shows its count; zeros stay empty.
 */
import { maxOf } from '../../extent.js';
import {
  type Confusion,
  type ConfusionRows,
  amongLabels,
  asConfusion,
  labelsToDraw,
  supports,
} from '../confusion.js';
import type { Pixels } from './pixels.js';

/** 3 × 5 pixels per digit, a row of bits per line. */
const digits = [
  [7, 5, 5, 5, 7],
  [2, 6, 2, 2, 7],
  [7, 1, 7, 4, 7],
  [7, 1, 7, 1, 7],
  [5, 5, 7, 1, 1],
  [7, 4, 7, 1, 7],
  [7, 4, 7, 5, 7],
  [7, 1, 1, 2, 2],
  [7, 5, 7, 5, 7],
  [7, 5, 7, 1, 7],
];
const dot = 2; // pixels per dot of a digit
const digitWidth = 4 * dot;
const lineHeight = 5 * dot;

type Colour = readonly [number, number, number];
const white: Colour = [255, 255, 255];
const black: Colour = [0, 0, 0];
const dark: Colour = [8, 48, 107];

/** 100 classes take about 8 megapixels; with more classes, only 50 are drawn. */
const drawn = { most: 100, least: 50 };

/**
 * With more than 100 classes, draws the 50 with the most mistakes, with their labels.
 *
 * Units: pixels, RGB. `counts[truth][guess]`, or pairs.
 */
export function confusionPicture(counts: Confusion | ConfusionRows): Pixels {
  const confusion = asConfusion(counts);
  const labels = labelsToDraw(confusion, drawn);
  const largest = labels.at(-1) ?? 0;
  const longest = String(Math.max(largest, maxOf(confusion.cells.map(({ count }) => count)))).length;
  const cell = Math.max(lineHeight, longest * digitWidth) + 8;
  const margin = String(largest).length * digitWidth + 8;
  const size = margin + labels.length * cell;
  const data = new Uint8Array(size * size * 3).fill(255);
  const fill = (left: number, top: number, width: number, height: number, colour: Colour): void => {
    for (let y = top; y < top + height; y++)
      for (let x = left; x < left + width; x++) data.set(colour, (y * size + x) * 3);
  };
  /** Centred on a position. */
  const write = (value: number, middleX: number, middleY: number, colour: Colour): void => {
    const text = String(value);
    const top = Math.round(middleY - lineHeight / 2);
    [...text].forEach((digit, i) => {
      const left = Math.round(middleX - (text.length * digitWidth - dot) / 2) + i * digitWidth;
      digits[Number(digit)]!.forEach((bits, y) => {
        for (let x = 0; x < 3; x++)
          if (bits & (4 >> x)) fill(left + x * dot, top + y * dot, dot, dot, colour);
      });
    });
  };
  labels.forEach((label, place) => {
    const middle = margin + (place + 0.5) * cell;
    write(label, margin / 2, middle, black);
    write(label, middle, margin / 2, black);
  });
  const images = supports(confusion);
  for (const { truth, guess, count } of amongLabels(confusion, labels).cells) {
    const share = count / images[labels[truth]!]!;
    const [left, top] = [margin + guess * cell, margin + truth * cell];
    fill(left, top, cell - 1, cell - 1, shade(share));
    write(count, left + cell / 2, top + cell / 2, share > 0.5 ? white : black);
  }
  return { data, width: size, height: size, channels: 3 };
}

/** From nearly white, so that a single mistake is visible, to dark blue. */
function shade(share: number): Colour {
  const depth = 0.12 + 0.88 * share;
  return dark.map((full) => Math.round(255 + (full - 255) * depth)) as unknown as Colour;
}
