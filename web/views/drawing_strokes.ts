/**
 * Geometry of felt-pen strokes: smooths pointer positions into a line.
 * Units: the pad's side, with the origin in its top left corner, so that drawings do not depend on size and resolution.
 */

export interface InkPoint {
  readonly x: number;
  readonly y: number;
  /** 0 … 1; 0.5 for pointers without pressure. */
  readonly pressure: number;
}

export type Stroke = readonly InkPoint[];

/** A segment: a quadratic curve of constant width with round ends. */
export interface Segment {
  readonly from: Place;
  readonly control: Place;
  readonly to: Place;
  readonly width: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Width at mean pressure: strokes of a digit that fills two thirds of the pad then match MNIST, a ninth of its height. */
export const penWidth = 0.07;
/** Points that are closer only make a line jittery. */
const leastDistance = 0.006;

/**
 * The curve of a stroke: quadratic segments between the midpoints of its points, with the points as control points.
 * Adjacent segments share a tangent, so the curve is smooth.
 *
 *   (m₀ = p₀) … mᵢ = (pᵢ + pᵢ₊₁)/2 … (mₙ = pₙ)        width = pen · (½ + pressure)
 *
 * A single point is a segment of length 0: a dot.
 */
export function segmentsOf(stroke: Stroke): Segment[] {
  const [first] = stroke;
  if (!first) return [];
  const segments: Segment[] = [];
  let from: Place = first;
  stroke.forEach((point, i) => {
    const next = stroke[i + 1];
    if (i === 0 && next) return;
    const to = next ? middle(point, next) : { x: point.x, y: point.y };
    segments.push({ from, control: point, to, width: penWidth * (0.5 + point.pressure) });
    from = to;
  });
  return segments;
}

function middle(a: Place, b: Place): Place {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** The stroke with one more point; unchanged if the point is too close to the last one. */
export function extended(stroke: Stroke, point: InkPoint): Stroke {
  const last = stroke.at(-1);
  if (last && Math.hypot(point.x - last.x, point.y - last.y) < leastDistance) return stroke;
  return [...stroke, point];
}

/** The part of PointerEvent that `inkPoint` uses. */
export interface PointerPlace {
  readonly clientX: number;
  readonly clientY: number;
  readonly pressure: number;
  readonly pointerType: string;
}

/** The part of DOMRect that `inkPoint` uses. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The position of a pointer on the pad. */
export function inkPoint(pointer: PointerPlace, pad: Box): InkPoint {
  return {
    x: clamp((pointer.clientX - pad.left) / pad.width),
    y: clamp((pointer.clientY - pad.top) / pad.height),
    // The pressure that fingers and mice report is not under the user's control.
    pressure: pointer.pointerType === 'pen' ? clamp(pointer.pressure) : 0.5,
  };
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

const at = (x: number, y: number): InkPoint => ({ x, y, pressure: 0.5 });

/** A handwritten seven, which the pad shows at first. */
export const exampleSeven: readonly Stroke[] = [
  [
    at(0.29, 0.255),
    at(0.4, 0.262),
    at(0.52, 0.252),
    at(0.63, 0.243),
    at(0.71, 0.245),
    at(0.712, 0.256),
    at(0.665, 0.34),
    at(0.59, 0.46),
    at(0.525, 0.58),
    at(0.48, 0.69),
    at(0.455, 0.79),
  ],
];
