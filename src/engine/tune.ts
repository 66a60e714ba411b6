/** Keeps what was measured, by device: a file in Node (src/node/tuning_store.ts), IndexedDB in a browser. */
import type { Choice } from './choices.js';
import type { Fingerprint } from './device.js';

export interface TuningStore {
  /** The choices for a device, by key; none when there are none, or none that can be read. */
  load(fingerprint: Fingerprint): Promise<ReadonlyMap<string, Choice>>;
  /** Adds to the choices for a device, over those of the same key. */
  save(fingerprint: Fingerprint, choices: ReadonlyMap<string, Choice>): Promise<void>;
  /** Removes all of them. */
  forget(fingerprint: Fingerprint): Promise<void>;
}
