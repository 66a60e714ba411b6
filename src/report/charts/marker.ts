/** Point shapes, one per series, so that series can be distinguished without colour. */
import { type Colour, paint } from './palette.js';
import { px } from './svg.js';

/** In the order in which series use them. */
export const markers = ['circle', 'square', 'triangle', 'diamond'] as const;

export type Marker = (typeof markers)[number];

/** A marker about 7 pixels wide. */
export function drawMarker(marker: Marker, x: number, y: number, colour: Colour, isHollow: boolean): string {
  const style = `stroke-width="1.5" ${paint({ fill: isHollow ? 'paper' : colour, stroke: colour })}`;
  const polygon = (...corners: readonly (readonly [number, number])[]) =>
    `<path d="M${corners.map(([dx, dy]) => `${px(x + dx)} ${px(y + dy)}`).join('L')}Z" ${style}/>`;
  const shapes: Record<Marker, string> = {
    circle: `<circle cx="${px(x)}" cy="${px(y)}" r="3.2" ${style}/>`,
    square: polygon([-3, -3], [3, -3], [3, 3], [-3, 3]),
    triangle: polygon([0, -4], [3.8, 2.8], [-3.8, 2.8]),
    diamond: polygon([0, -4.4], [4.4, 0], [0, 4.4], [-4.4, 0]),
  };
  return shapes[marker];
}
