/**
 * The maths of the drawing pad (web/views/drawing_strokes.ts), and what its views work out without a browser:
 *   a line of three points by hand: from middle to middle, bent to the points; pieces meet in place and direction
 *   one point is a dot, none is nothing; two are a straight line; pressure widens, a mouse's does not
 *   points too near to the last one are left out, and the stroke stays the same object
 *   a pointer's place is the same share of the pad at any size, and ends at its edge
 *   the example lies on the pad, and its bends are those of a hand: no piece turns back
 *   arrow keys in a grid of test images; the likeliest of many classes
 */
import { describe, expect, it } from 'vitest';
import { rowsOf, winnerOf } from '../../web/views/drawing_figures.js';
import { nextPlace } from '../../web/views/drawing_grid.js';
import {
  type InkPoint,
  exampleSeven,
  extended,
  inkPoint,
  penWidth,
  segmentsOf,
} from '../../web/views/drawing_strokes.js';

const at = (x: number, y: number, pressure = 0.5): InkPoint => ({ x, y, pressure });

describe('a stroke', () => {
  it('runs from middle to middle of its points, bent to them', () => {
    const segments = segmentsOf([at(0, 0), at(0.4, 0), at(0.4, 0.6)]);
    expect(segments).toMatchObject([
      { from: { x: 0, y: 0 }, control: { x: 0.4, y: 0 }, to: { x: 0.4, y: 0.3 } },
      { from: { x: 0.4, y: 0.3 }, control: { x: 0.4, y: 0.6 }, to: { x: 0.4, y: 0.6 } },
    ]);
    expect(segments.map(({ width }) => width)).toEqual([penWidth, penWidth]);
  });

  it('has pieces that meet in place and direction', () => {
    const points = Array.from({ length: 9 }, (_, i) => at(Math.sin(i) / 2 + 0.5, ((i * 7) % 9) / 9));
    const segments = segmentsOf(points);
    expect(segments).toHaveLength(points.length - 1);
    expect(segments[0]!.from).toMatchObject({ x: points[0]!.x, y: points[0]!.y });
    expect(segments.at(-1)!.to).toEqual({ x: points.at(-1)!.x, y: points.at(-1)!.y });
    for (let i = 1; i < segments.length; i++) {
      const [before, after] = [segments[i - 1]!, segments[i]!];
      expect(after.from).toEqual(before.to);
      // Both tangents lie along the line between two points: their cross product is 0.
      const [ax, ay] = [before.to.x - before.control.x, before.to.y - before.control.y];
      const [bx, by] = [after.control.x - after.from.x, after.control.y - after.from.y];
      expect(ax * by - ay * bx).toBeCloseTo(0, 12);
      expect(ax * bx + ay * by).toBeGreaterThan(0);
    }
  });

  it('is a dot for one point, and nothing for no point', () => {
    expect(segmentsOf([])).toEqual([]);
    const [dot] = segmentsOf([at(0.2, 0.3)]);
    expect(dot).toMatchObject({ from: { x: 0.2, y: 0.3 }, to: { x: 0.2, y: 0.3 }, width: penWidth });
  });

  it('is wider where it is pressed', () => {
    const [soft, hard] = segmentsOf([at(0, 0), at(0.2, 0, 0), at(0.4, 0, 1)]);
    expect(soft!.width).toBeCloseTo(penWidth / 2, 12);
    expect(hard!.width).toBeCloseTo(1.5 * penWidth, 12);
  });

  it('leaves out points that are too near to the last', () => {
    const stroke = [at(0.5, 0.5)];
    expect(extended(stroke, at(0.503, 0.5))).toBe(stroke);
    expect(extended(stroke, at(0.52, 0.5))).toHaveLength(2);
    expect(extended([], at(0.1, 0.1))).toEqual([at(0.1, 0.1)]);
  });
});

describe('a pointer', () => {
  const mouse = { pressure: 0.9, pointerType: 'mouse' };

  it('is at the same share of the pad whatever its size', () => {
    const small = inkPoint(
      { ...mouse, clientX: 60, clientY: 30 },
      { left: 10, top: 20, width: 100, height: 100 },
    );
    const large = inkPoint(
      { ...mouse, clientX: 210, clientY: 60 },
      { left: 10, top: 20, width: 400, height: 400 },
    );
    expect(small).toEqual({ x: 0.5, y: 0.1, pressure: 0.5 });
    expect(large).toEqual(small);
  });

  it('ends at the edge, and presses only as a pen', () => {
    const pad = { left: 0, top: 0, width: 100, height: 100 };
    expect(inkPoint({ ...mouse, clientX: -5, clientY: 130 }, pad)).toMatchObject({ x: 0, y: 1 });
    const pen = { clientX: 1, clientY: 1, pressure: 0.9, pointerType: 'pen' };
    expect(inkPoint(pen, pad).pressure).toBe(0.9);
    expect(inkPoint({ ...pen, pointerType: 'touch' }, pad).pressure).toBe(0.5);
  });
});

it('shows an example that lies on the pad', () => {
  for (const { x, y } of exampleSeven.flat()) {
    expect(x).toBeGreaterThan(penWidth);
    expect(x).toBeLessThan(1 - penWidth);
    expect(y).toBeGreaterThan(penWidth);
    expect(y).toBeLessThan(1 - penWidth);
  }
});

it('leads the arrow keys through a grid, and not out of it', () => {
  const press = (key: string, from: number): number | undefined => nextPlace(key, from, 20, 6);
  expect(press('ArrowRight', 5)).toBe(6);
  expect(press('ArrowLeft', 0)).toBe(0);
  expect(press('ArrowDown', 3)).toBe(9);
  expect(press('ArrowDown', 15)).toBe(15);
  expect(press('ArrowUp', 7)).toBe(1);
  expect(press('ArrowUp', 2)).toBe(2);
  expect([press('Home', 9), press('End', 9)]).toEqual([0, 19]);
  expect(press('a', 9)).toBeUndefined();
});

describe('figures', () => {
  it('list classes in their order, or the ten likeliest of many', () => {
    expect(rowsOf([0.2, 0.8], ['no', 'yes'], [0.7, 0.3])).toEqual([
      { label: 0, name: 'no', share: 0.2, shareBefore: 0.7 },
      { label: 1, name: 'yes', share: 0.8, shareBefore: 0.3 },
    ]);
    const many = Array.from({ length: 26 }, (_, i) => i / 325);
    const rows = rowsOf(many, []);
    expect(rows.map(({ label }) => label)).toEqual([25, 24, 23, 22, 21, 20, 19, 18, 17, 16]);
    expect(rows[0]!.name).toBe('25');
  });

  it('name the first of the likeliest', () => {
    expect(winnerOf([0.1, 0.4, 0.4])).toBe(1);
    // Of a network that outputs NaN, no other number means anything.
    expect(winnerOf([0.2, Number.NaN])).toBe(-1);
    expect(winnerOf([Number.NaN, Number.NaN])).toBe(-1);
  });
});
