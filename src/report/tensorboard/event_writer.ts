/** Writes the event file of one run: buffers events and appends them on flush. */
import type { Folder } from '../../folder.js';
import { type Encoded, concat } from './protobuf.js';
import { versionEvent } from './event.js';
import { record } from './record.js';

export interface EventWriterOptions {
  readonly folder: Folder;
  /** The run's folder inside `folder`, such as `20260131-120000/train`. */
  readonly run: string;
  /** Host and process id for the file name. */
  readonly host: string;
  readonly pid: number;
  /** Seconds since 1970. */
  readonly now: () => number;
}

/** Number of files created by this process: distinguishes files of the same second. */
let begun = 0;

/**
 * Writes `<run>/events.out.tfevents.<seconds>.<host>.<pid>.<n>.v2`. The first flush creates the file, which is not kept
 * open between flushes. A resumed run adds another file, which TensorBoard merges.
 */
export class EventWriter {
  readonly #folder: Folder;
  readonly #name: string;
  readonly #waiting: Encoded[];

  constructor({ folder, run, host, pid, now }: EventWriterOptions) {
    const seconds = now();
    this.#folder = folder;
    this.#name = `${run}/events.out.tfevents.${Math.floor(seconds)}.${host}.${pid}.${begun++}.v2`;
    this.#waiting = [record(versionEvent(seconds))];
  }

  add(event: Encoded): void {
    this.#waiting.push(record(event));
  }

  /** Throws: FileError; buffered events stay for the next flush. */
  async flush(): Promise<void> {
    const { length } = this.#waiting;
    if (length === 0) return;
    await this.#folder.append(this.#name, concat(this.#waiting));
    this.#waiting.splice(0, length);
  }
}
