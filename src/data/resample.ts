/** Resizes one channel of a picture. */

/** Values 0–255 in rows from the top, as floats between the steps. */
export interface Plane {
  readonly values: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Area averaging along an axis that becomes shorter, bilinear interpolation along one that becomes longer. */
export function resizeTo(plane: Plane, newWidth: number, newHeight: number): Plane {
  const { width, height } = plane;
  const isAverage = newWidth < width || newHeight < height;
  const smaller = isAverage
    ? averageTo(plane, Math.min(newWidth, width), Math.min(newHeight, height))
    : plane;
  const isLonger = newWidth > smaller.width || newHeight > smaller.height;
  return isLonger ? interpolateTo(smaller, newWidth, newHeight) : smaller;
}

/**
 * Area averaging: an output pixel is the mean of the input area that it covers, with partial pixels weighted by
 * their share. Rows first, then columns.
 */
export function averageTo({ values, width, height }: Plane, newWidth: number, newHeight: number): Plane {
  const rows = new Float32Array(newWidth * height);
  averageLines(values, rows, {
    lines: height,
    from: width,
    to: newWidth,
    step: 1,
    line: width,
    newLine: newWidth,
  });
  const out = new Float32Array(newWidth * newHeight);
  averageLines(rows, out, {
    lines: newWidth,
    from: height,
    to: newHeight,
    step: newWidth,
    line: 1,
    newLine: 1,
  });
  return { values: out, width: newWidth, height: newHeight };
}

/** Averages `lines` lines of `from` values into `to` values; `step` is the stride between values in a line. */
function averageLines(
  source: Float32Array,
  target: Float32Array,
  shape: { lines: number; from: number; to: number; step: number; line: number; newLine: number },
): void {
  const { lines, from, to, step, line, newLine } = shape;
  const ratio = from / to;
  for (let o = 0; o < to; o++) {
    const begin = o * ratio;
    const end = Math.min(from, (o + 1) * ratio);
    for (let l = 0; l < lines; l++) {
      let sum = 0;
      for (let i = Math.floor(begin); i < end; i++) {
        sum += source[l * line + i * step]! * (Math.min(end, i + 1) - Math.max(begin, i));
      }
      target[l * newLine + o * step] = sum / (end - begin);
    }
  }
}

/**
 * Bilinear interpolation between the centres of the pixels; beyond the outermost centres the edge is repeated.
 *
 *   source(o) = (o + ½) · from / to − ½
 */
export function interpolateTo({ values, width, height }: Plane, newWidth: number, newHeight: number): Plane {
  const columns = taps(width, newWidth);
  const rows = taps(height, newHeight);
  const out = new Float32Array(newWidth * newHeight);
  for (const [y, { low: top, high: bottom, share: down }] of rows.entries()) {
    for (const [x, { low: left, high: right, share: across }] of columns.entries()) {
      const at = (row: number): number =>
        values[row * width + left]! * (1 - across) + values[row * width + right]! * across;
      out[y * newWidth + x] = at(top) * (1 - down) + at(bottom) * down;
    }
  }
  return { values: out, width: newWidth, height: newHeight };
}

/** The two pixels between which each new one lies, and the share of the second. */
function taps(
  from: number,
  to: number,
): { readonly low: number; readonly high: number; readonly share: number }[] {
  return Array.from({ length: to }, (_, o) => {
    const place = Math.min(from - 1, Math.max(0, ((o + 0.5) * from) / to - 0.5));
    const low = Math.floor(place);
    return { low, high: Math.min(from - 1, low + 1), share: place - low };
  });
}
