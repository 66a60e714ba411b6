/**
 * Truncates an event file to the point where a training resumes, so that repeated steps and epochs do not appear
 * twice. Epoch events have the epoch, from 0, as their step; batch events have the number of steps since training
 * began.
 */
import type { Position } from '../../nn/training/checkpoint.js';
import { concat } from './protobuf.js';
import { crcOfLength } from './record.js';

/** Bytes around the data of a record: length, its checksum, and the checksum of the data. */
const [headBytes, tailBytes] = [12, 4];

/**
 * The part of an event file up to `position`; undefined if that is all of it. Drops an incomplete record of a killed
 * process. Empty if no event remains.
 */
export function eventsBefore(
  position: Pick<Position, 'step' | 'epoch'>,
  file: Uint8Array,
): Uint8Array | undefined {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const kept: Uint8Array[] = [];
  let values = 0;
  let at = 0;
  while (at + headBytes <= file.length) {
    const length = Number(view.getBigUint64(at, true));
    const end = at + headBytes + length + tailBytes;
    if (end > file.length || view.getUint32(at + 8, true) !== crcOfLength(file.subarray(at, at + 8))) break;
    const { step, tag } = readEvent(file.subarray(at + headBytes, end - tailBytes));
    if (tag === undefined || isBefore(position, tag, step)) {
      kept.push(file.subarray(at, end));
      if (tag !== undefined) values++;
    }
    at = end;
  }
  if (values === 0) return new Uint8Array();
  const whole = concat(kept);
  return whole.length === file.length ? undefined : whole;
}

function isBefore(position: Pick<Position, 'step' | 'epoch'>, tag: string, step: number): boolean {
  if (/^(batch|evaluation)_/.test(tag)) return step <= position.step;
  // The model's graph is written once, before the first step.
  if (tag === 'keras') return position.step > 0;
  return step < position.epoch;
}

/** Event { 2 int64 step, 5 Summary { 1 Value { 1 string tag } } }; no tag for the file's version. */
function readEvent(event: Uint8Array): { readonly step: number; readonly tag: string | undefined } {
  const summary = bytesOf(event, 5);
  const value = summary && bytesOf(summary, 1);
  const tag = value && bytesOf(value, 1);
  const step = fieldOf(event, 2);
  return {
    step: typeof step === 'number' ? step : 0,
    tag: tag && new TextDecoder().decode(tag),
  };
}

function bytesOf(message: Uint8Array, field: number): Uint8Array | undefined {
  const found = fieldOf(message, field);
  return typeof found === 'number' ? undefined : found;
}

/** The first field of this number in a protobuf message: bytes, or a number for a varint. */
function fieldOf(message: Uint8Array, wanted: number): Uint8Array | number | undefined {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; at < message.length; factor *= 128) {
      const byte = message[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) break;
    }
    return value;
  };
  while (at < message.length) {
    const key = varint();
    const [field, wireType] = [Math.floor(key / 8), key % 8];
    if (wireType === 0) {
      const value = varint();
      if (field === wanted) return value;
      continue;
    }
    const length = wireType === 1 ? 8 : wireType === 5 ? 4 : varint();
    if (field === wanted && wireType === 2) return message.subarray(at, at + length);
    at += length;
  }
  return undefined;
}
