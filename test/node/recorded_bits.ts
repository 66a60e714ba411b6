/** Bits that were recorded: digests of tensors, and whether a device is the one that they were recorded on. */
import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import type { Device } from '../../src/engine/device.js';
import { type StoredTensor, readSafetensors } from '../../src/nn/files/safetensors.js';

export interface RecordedOn {
  readonly fingerprint: object;
  readonly processor: string;
}

/** A driver that computes on the processor has the bits of that processor, too. */
export function isRecordedOn({ fingerprint, processor }: RecordedOn, device: Device): boolean {
  const here = [device.fingerprint, cpus()[0]?.model];
  return JSON.stringify([fingerprint, processor]) === JSON.stringify(here);
}

/** For people: why bits are not compared. */
export function notRecordedOn({ fingerprint: { adapter, driver } }: Device): string {
  return `no bits were recorded on ${adapter} (${driver}, ${cpus()[0]?.model})`;
}

export interface Digests {
  readonly weights: string;
  readonly slots: string;
}

/** SHA-256 of the weights in a file and of the optimizer's slots beside them: names, shapes and bytes. */
export function digestsOf(file: Uint8Array, weights: Iterable<string>): Digests {
  const { tensors } = readSafetensors(file, 'file');
  const names = new Set(weights);
  const rest = [...tensors.keys()].filter((name) => !names.has(name) && !name.startsWith('callbacks/'));
  return { weights: digestOf(tensors, [...names]), slots: digestOf(tensors, rest) };
}

function digestOf(tensors: ReadonlyMap<string, StoredTensor>, names: readonly string[]): string {
  const hash = createHash('sha256');
  for (const name of names.toSorted()) {
    const { shape, data } = tensors.get(name)!;
    hash.update(`${name} ${shape.join()}\n`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}
