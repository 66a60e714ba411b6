/** Reads models from files that the user chose. */
import { ModelError, UsageError } from '../../src/errors.js';
import { type StoredTensors, readSafetensors } from '../../src/nn/files/safetensors.js';
import { hasDescription } from '../../src/nn/files/weights_file.js';

/** The weights files of a run folder, in order of preference. */
const weightNames = ['best', 'weights', 'last'] as const;

const ending = '.safetensors';

/**
 * The model in the files that the user chose: a file that is a whole model, or a weights file with its model.json.
 *
 * Throws: UsageError if no file contains weights; ModelError if they are damaged or have no description.
 */
export async function readModelFiles(
  files: readonly File[],
): Promise<{ readonly stored: StoredTensors; readonly file: string }> {
  const weights = files.filter(({ name }) => name.endsWith(ending)).sort((a, b) => rankOf(a) - rankOf(b));
  const [chosen] = weights;
  if (!chosen) {
    throw new UsageError(
      `models: ${files.length === 0 ? 'no files' : files.map(({ name }) => name).join(', ')} given, expected a ${ending} file, or one with its model.json.`,
    );
  }
  const bytes = new Uint8Array(await chosen.arrayBuffer());
  // Eight bytes of length, then JSON. In other files, these eight bytes would be read as an absurd length.
  if (bytes[8] !== '{'.charCodeAt(0)) throw new ModelError(`${chosen.name} is not a ${ending} model.`);
  const stored = readSafetensors(bytes, chosen.name);
  if (hasDescription(stored)) return { stored, file: chosen.name };
  const description = files.find(({ name }) => leafOf(name) === 'model.json');
  if (!description) {
    throw new ModelError(
      `models: ${chosen.name} holds weights but no model description; choose its model.json together with it.`,
    );
  }
  const model = await description.text();
  return { stored: { ...stored, metadata: { ...stored.metadata, model } }, file: chosen.name };
}

function rankOf({ name }: File): number {
  const rank = weightNames.findIndex((known) => leafOf(name) === known + ending);
  return rank < 0 ? weightNames.length : rank;
}

function leafOf(name: string): string {
  return name.split('/').at(-1)!;
}
