/** The kinds of long tests, by name. */
import path from 'node:path';
import type { Kind, Setting } from './case.js';
import { damagedFiles } from './damaged_files.js';
import { fileFaults } from './file_faults.js';
import { kills } from './kills.js';
import { Trainings, fourEpochs, twoEpochs } from './training.js';
import { webgpuFaults } from './webgpu_faults.js';

export const kindNames = ['kills', 'file-faults', 'webgpu-faults', 'damaged-files'] as const;
export type KindName = (typeof kindNames)[number];

/** One after the other, each made ready when the one before has ended. */
export async function* openKinds(
  root: string,
  setting: Setting,
  names: readonly KindName[],
): AsyncGenerator<Kind> {
  const open = (settings: string): Promise<Trainings> =>
    Trainings.open(root, path.join(setting.work, settings === fourEpochs ? 'four' : 'two'), settings);
  let four: Promise<Trainings> | undefined;
  for (const name of names) {
    if (name === 'kills') yield await kills(await (four ??= open(fourEpochs)), setting);
    if (name === 'file-faults') yield await fileFaults(await (four ??= open(fourEpochs)), setting);
    if (name === 'webgpu-faults') yield await webgpuFaults(await open(twoEpochs), setting);
    if (name === 'damaged-files') yield await damagedFiles(root, setting);
  }
}
