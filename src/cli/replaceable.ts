/** Guards against overwriting a file of the user through a typing error. */
import path from 'node:path';
import { UsageError } from '../errors.js';
import { checkWritable, fileExists, readBytes } from '../node/files.js';

export interface Replaceable {
  /** Whether this is the text of a file that the command itself has written. */
  readonly isOwn: (text: string) => boolean;
  /** The message of the refusal. */
  readonly refuse: string;
}

/** Throws: UsageError if the file exists, is not empty, and is not the command's own; FileError if it cannot be written. */
export async function checkReplaceable(file: string, { isOwn, refuse }: Replaceable): Promise<void> {
  await checkWritable(path.dirname(file));
  if (!(await fileExists(file))) return;
  const text = new TextDecoder().decode(await readBytes(file));
  if (text.trim() !== '' && !isOwn(text)) throw new UsageError(refuse);
}
