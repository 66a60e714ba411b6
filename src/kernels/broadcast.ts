/** Broadcasting as in NumPy: shapes are aligned at the last axis, and an extent of 1 is repeated. */
import { ShapeError } from '../errors.js';
import type { Shape, Spec } from '../engine/primitive.js';
import { describe } from '../engine/tensor.js';

/**
 * The shape that all operands broadcast to.
 *
 * Throws: ShapeError when two extents differ and neither is 1.
 */
export function broadcastShape(who: string, operands: readonly Spec[]): Shape {
  const rank = Math.max(...operands.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let extent = 1;
    for (const { shape } of operands) {
      const own = shape[shape.length - rank + axis] ?? 1;
      if (own !== 1 && extent !== 1 && own !== extent) {
        throw new ShapeError(
          `${who}: the shapes ${operands.map(describe).join(' and ')} do not broadcast: extents ${extent} and ${own} differ and neither is 1.`,
        );
      }
      extent = Math.max(extent, own);
    }
    return extent;
  });
}
