/**
 * The data of the reference traces: initial weights and images as make_paper_trace.py draws them, bit for bit.
 * The head of that script says what the traces hold. Everything comes from one hash, so order does not matter.
 */

const WEIGHTS = 101,
  SAMPLE = 102,
  NOISE = 103; // third word of the hash: which stream
const SIZE = 28,
  CLASSES = 10;

/** pcg4d of Jarzynski & Olano 2020: four 32-bit words to four uniformly mixed ones. */
function pcg4d(x: number, y: number, z: number, w: number): [number, number, number, number] {
  [x, y, z, w] = [x, y, z, w].map((v) => (Math.imul(v, 1664525) + 1013904223) | 0) as [
    number,
    number,
    number,
    number,
  ];
  const mix = () => {
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
  };
  mix();
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  mix();
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/**
 * Initial values of a parameter, uniform in ±limit: (2u − 1)·limit in f64, then rounded to f32.
 * `number` counts the model's parameters from 0 (kernel, bias, kernel, …); `limit` stands in the trace;
 * elements are in row-major order of [KH,KW,C,O], [in,out] or [O].
 */
export function traceWeights(
  seed: number,
  number: number,
  count: number,
  limit: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    { length: count },
    (_, i) => (2 * ((pcg4d(i, number, WEIGHTS, seed)[0] >>> 8) * 2 ** -24) - 1) * limit,
  );
}

/** Batch `step` (from 0) of the trace: pixels u8 [batch,28,28,1], the same as f32 / 255, and labels. */
export function traceBatch(seed: number, step: number, batch: number) {
  const pixels = new Uint8Array(batch * SIZE * SIZE);
  const labels = new Uint8Array(batch);
  for (let b = 0; b < batch; b++) {
    const n = step * batch + b;
    const label = pcg4d(n, 0, SAMPLE, seed)[0] % CLASSES;
    const cx = 6 + 4 * (label % 5),
      cy = 8 + 11 * Math.floor(label / 5);
    labels[b] = label;
    for (let p = 0; p < SIZE * SIZE; p++) {
      const distance2 = ((p % SIZE) - cx) ** 2 + (Math.floor(p / SIZE) - cy) ** 2;
      pixels[b * SIZE * SIZE + p] = Math.max(0, 240 - 12 * distance2) + (pcg4d(p, n, NOISE, seed)[0] >>> 29);
    }
  }
  return { pixels, images: Float32Array.from(pixels, (v) => v / 255), labels };
}
