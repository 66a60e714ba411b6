/** TensorBoard's event files as far as two trainings can be compared by them: what each event says, without its time. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Sorted, of all files in a run's folder of logs; throws for a file that is not whole records. */
export function eventsIn(folder: string): string[] {
  const files = ['train', 'validation'].flatMap((kind) => {
    const at = path.join(folder, kind);
    return existsSync(at) ? readdirSync(at).map((name) => ({ kind, file: path.join(at, name) })) : [];
  });
  return files
    .flatMap(({ kind, file }) =>
      recordsOf(readFileSync(file)).map((record) => `${kind} ${withoutTime(record)}`),
    )
    .filter((event) => !event.includes('brain.Event:2')) // One per file.
    .sort();
}

/** A record is a length, its checksum, the data, and theirs. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    records.push(file.subarray(at + 12, at + 12 + length));
    at += length + 16;
    if (at > file.length) throw new Error(`an event file ends within a record`);
  }
  return records;
}

/** An event begins with its time: field 1, eight bytes. */
function withoutTime(event: Buffer): string {
  return event.subarray(9).toString('latin1');
}
