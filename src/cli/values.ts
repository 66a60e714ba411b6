/** Parsers of option values. Each throws InvalidArgumentError with a sentence that says what is expected. */
import { InvalidArgumentError } from 'commander';
import type { ImageShape } from '../data/dataset.js';

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected a positive integer.');
  return value;
}

export function positiveIntegers(text: string): number[] {
  return text.split(',').map(positiveInteger);
}

export function seedNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new InvalidArgumentError('Expected an integer from 0 to 4294967295.');
  return value;
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535)
    throw new InvalidArgumentError('Expected an integer from 1 to 65535.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value < Infinity)) throw new InvalidArgumentError('Expected a positive number.');
  return value;
}

const memoryUnits: Readonly<Record<string, number>> = {
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
};

/** Bytes. */
export function memorySize(text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/i.exec(text) ?? [];
  const bytes = Math.floor(Number(count) * (memoryUnits[unit.toLowerCase()] ?? 0));
  if (!(bytes > 0)) throw new InvalidArgumentError('Expected a positive size, such as 512MiB or 2GiB.');
  return bytes;
}

export function imageShape(text: string): ImageShape {
  const found = /^(\d+)x(\d+)(?:x([13]))?$/.exec(text);
  const [height, width, channels] = [found?.[1], found?.[2], found?.[3] ?? 1].map(Number);
  if (!height || !width || !channels)
    throw new InvalidArgumentError('Expected height, width and channels (1 or 3), such as 32x32x3.');
  return { height, width, channels };
}

/** `64x64`, width first. */
export function pictureSize(text: string): { readonly height: number; readonly width: number } {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  if (!Number(width) || !Number(height))
    throw new InvalidArgumentError('Expected width and height in pixels, such as 64x64.');
  return { height: Number(height), width: Number(width) };
}

/** `0,1` or `-1,1`: the values of black and white. */
export function pixelRange(text: string): readonly [black: number, white: number] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  const [black = Number.NaN, white = Number.NaN] = values;
  if (values.length !== 2 || !values.every(Number.isFinite) || black === white)
    throw new InvalidArgumentError('Expected the values of black and white, such as 0,1.');
  return [black, white];
}

/** A colour as `#rrggbb`. */
export function colour(text: string): string {
  const named = { white: '#ffffff', black: '#000000' }[text.toLowerCase()] ?? text.toLowerCase();
  if (!/^#[\da-f]{6}$/.test(named))
    throw new InvalidArgumentError("Expected white, black, or a colour such as '#ff8000'.");
  return named;
}

export function fraction(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('Expected a number in [0, 1).');
  return value;
}

/** `'balanced'`, or factors by class: `0:2,7:0.5`. */
export function classWeights(text: string): 'balanced' | Record<string, number> {
  if (text === 'balanced') return text;
  const entries = text.split(',').map((entry) => {
    const [, label, weight] = /^(\d+):(\d*\.?\d+(?:e[+-]?\d+)?)$/i.exec(entry.trim()) ?? [];
    if (label === undefined || !Number.isFinite(Number(weight)))
      throw new InvalidArgumentError("Expected 'balanced', or a factor for each class, such as 0:2,7:0.5.");
    return [String(Number(label)), Number(weight)] as const;
  });
  const twice = entries.find(([label], i) => entries.findIndex(([each]) => each === label) < i);
  if (twice) throw new InvalidArgumentError(`Class ${twice[0]} has two factors.`);
  return Object.fromEntries(entries);
}

export function names(text: string): string[] {
  const found = text.split(',').map((name) => name.trim());
  if (found.some((name) => name === ''))
    throw new InvalidArgumentError('Expected one or more names, with commas between.');
  return found;
}
