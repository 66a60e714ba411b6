/** The kernel selection of a run. Its results depend on it bit for bit, so run.json records it. */
import { choicesFromJson } from '../engine/kernel_selection.js';
import type { Device } from '../engine/device.js';
import type { Folder } from '../folder.js';
import { useStoredKernels } from '../node/tuning_store.js';
import type { RunFile, RunTuning } from './run_folder.js';

/**
 * Has the device go by the choices that are stored now, or, of a run that is resumed, by its own, whatever was measured
 * since. Returns how they were chosen.
 *
 * Throws: DataError when the run's record of them is damaged.
 */
export async function takeChoices(
  device: Device,
  saved: RunFile | undefined,
  folder: Folder,
  { tune, warn }: { readonly tune: boolean; readonly warn: (line: string) => void },
): Promise<RunTuning['tuning']> {
  if (!saved) return useStoredKernels(device, { tune, warn });
  const choices = choicesFromJson(saved.choices ?? {}, `${folder.path}/run.json`);
  for (const [key, choice] of choices) device.kernelSelection.set(key, choice);
  return saved.tuning ?? 'off';
}

/** What to record once everything is planned. */
export function recordOf(device: Device, tuning: RunTuning['tuning']): RunTuning {
  return { tuning, choices: Object.fromEntries(device.kernelSelection.used()) };
}
