/** TensorBoard's event files as far as two trainings can be compared by them: what each event says, without its time. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Sorted, of all files in a run's folder of logs; a record that is cut off is an event of its own. */
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

/** A record is a length, its checksum, the data, and theirs. A killed training may leave the last one cut off. */
function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  let at = 0;
  while (at + 12 <= file.length) {
    const end = at + 12 + Number(file.readBigUInt64LE(at));
    if (end + 4 > file.length) break;
    records.push(file.subarray(at + 12, end));
    at = end + 4;
  }
  if (at < file.length) records.push(Buffer.from('a record that is cut off'));
  return records;
}

/** An event begins with its time: field 1, eight bytes. */
function withoutTime(event: Buffer): string {
  return event.subarray(9).toString('latin1');
}
