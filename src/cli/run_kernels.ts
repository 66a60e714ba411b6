/** The kernel selection of a run. Its results depend on it bit for bit, so run.json records it. */
import { choicesFromJson } from '../engine/kernel_selection.js';
import type { Device } from '../engine/device.js';
import type { Folder } from '../folder.js';
import { useStoredKernels } from '../node/tuning_store.js';
import type { RunFile, RunTuning } from './run_folder.js';

/**
 * Selects the kernels of a training: the stored ones, or, to resume a run, those that it recorded, whatever was measured
 * since. Returns how they were selected.
 *
 * Throws: DataError if the run's record is damaged.
 */
export async function selectKernels(
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

/** The record for run.json, complete once the training is planned. */
export function kernelRecord(device: Device, tuning: RunTuning['tuning']): RunTuning {
  return { tuning, choices: Object.fromEntries(device.kernelSelection.used()) };
}
