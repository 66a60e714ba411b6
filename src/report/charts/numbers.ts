/** Formats numbers for display. */
import { maxOf, minOf } from '../../extent.js';

/** `99.42 %`; only an exact 1 gives `100.00 %` and an exact 0 `0.00 %`: values that round to them are `> 99.99 %`, `< 0.01 %`. */
export function percent(share: number, digits = 2): string {
  if (!Number.isFinite(share)) return '–';
  const text = (share * 100).toFixed(digits);
  const least = 10 ** -digits;
  if (share < 1 && Number(text) === 100) return `> ${(100 - least).toFixed(digits)} %`;
  if (share > 0 && Number(text) === 0) return `< ${least.toFixed(digits)} %`;
  return `${text} %`;
}

/** A predicted probability, which an f32 may round to 1 or 0: `98.4 %`, `> 99.9 %`, `< 0.1 %`; `–` for NaN. */
export function probability(share: number): string {
  return percent(Math.min(1 - Number.EPSILON, Math.max(Number.EPSILON, share)), 1);
}

/** Tick labels of an axis, with enough decimals to distinguish them: `98.5 %`, `0.02`. */
export function tickLabels(ticks: readonly number[], unit: 'percent' | 'number'): string[] {
  const values = unit === 'percent' ? ticks.map((tick) => tick * 100) : ticks;
  const digits = Math.max(0, maxOf(values.map(decimals)));
  // Values of different magnitudes, as on a logarithmic axis, keep their own decimals.
  const isWide = maxOf(values) / Math.max(minOf(values), 1e-12) > 99 && minOf(values) > 0;
  return values.map((value) => {
    // A diverged loss: its zeros would fill the picture.
    const plain =
      value >= 1e7
        ? Number(value.toPrecision(10)).toExponential()
        : grouped(value, isWide ? decimals(value) : digits);
    return unit === 'percent' ? `${plain} %` : plain;
  });
}

/** Decimals that a tick needs; ticks have few digits, so ten are plenty. */
function decimals(value: number): number {
  const [, after = ''] = Number(value.toPrecision(10)).toFixed(10).replace(/0+$/, '').split('.');
  return after.length;
}

/** `60,000`. */
export function grouped(value: number, digits = 0): string {
  const [whole = '', after] = value.toFixed(digits).split('.');
  const parts = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return after === undefined ? parts : `${parts}.${after}`;
}

/** A measured value with at least three significant digits: `7.25`, `19.9`, `1,577`. */
export function figures(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return value < 100 ? String(Number(value.toPrecision(3))) : grouped(value);
}

/** A learning rate: `0.001`, `2.5e-4`, `1e-6`. */
export function rate(value: number): string {
  if (value >= 1e-3) return String(Number(value.toPrecision(3)));
  return Number(value.toPrecision(3)).toExponential().replace('e+', 'e');
}

/** `1 h 2 min`, `52 min`, `6 min 3 s`, `4.2 s`: at most two units. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return `${minutes} min ${whole % 60} s`;
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
