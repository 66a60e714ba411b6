/**
 * Cuts the files of a run back to the checkpoint that it resumes from. A process that was killed between two writes may
 * have left some files an epoch ahead of the checkpoint, and that epoch is repeated.
 */
import type { Folder } from '../folder.js';
import type { Checkpoint, Position } from '../nn/training/checkpoint.js';
import { readSafetensors } from '../nn/files/safetensors.js';
import { openFolder } from '../node/files.js';
import { historyToCsv, historyToJson } from '../report/history.js';
import { eventsBefore } from '../report/tensorboard/trim_events.js';
import type { ClaimedRun } from './claimed_run.js';
import { type GrowingHistory, type RunFile, nextBestFile, readHistory, stampOf } from './run_folder.js';

/**
 * Returns the history up to the checkpoint. Without a checkpoint, removes everything but run.json.
 *
 * Throws: FileError; DataError if history.json is damaged; ModelError if the best weights are.
 */
export async function restoreFiles(
  claim: ClaimedRun,
  run: RunFile,
  checkpoint: Checkpoint | undefined,
): Promise<GrowingHistory> {
  const { folder } = claim;
  const position = checkpoint?.position ?? { step: 0, epoch: 0 };
  const name = checkpoint?.callbacks['tensorBoard']?.['run'];
  await trimLogs(claim, typeof name === 'string' ? name : stampOf(run.startedAt), position);
  if (!checkpoint) {
    for (const file of ['history.json', 'history.csv', 'best.safetensors', nextBestFile])
      if (await folder.exists(file)) await folder.remove(file);
    return { epochs: [], metrics: {} };
  }
  await settleBest(claim, position.epoch);
  const history = historyUntil(position.epoch, await readHistory(folder));
  await rewrite(folder, 'history.json', historyToJson(history));
  await rewrite(folder, 'history.csv', historyToCsv(history));
  return history;
}

/** Earlier versions could record an epoch twice: the later entry counts. */
function historyUntil(last: number, { epochs, metrics }: GrowingHistory): GrowingHistory {
  const places = new Map(epochs.map((epoch, i) => [epoch, i]));
  const kept = [...places.keys()].filter((epoch) => epoch <= last).sort((a, b) => a - b);
  const lists = Object.entries(metrics).map(([name, values]): [string, number[]] => [
    name,
    kept.map((epoch) => values[places.get(epoch)!]!),
  ]);
  return { epochs: kept, metrics: Object.fromEntries(lists) };
}

async function rewrite(folder: Folder, name: string, text: string): Promise<void> {
  const isSame = (await folder.exists(name)) && new TextDecoder().decode(await folder.read(name)) === text;
  if (!isSame) await folder.write(name, text);
}

/** Keeps the pending best weights if the checkpoint covers their epoch; otherwise removes them. */
async function settleBest(claim: ClaimedRun, epoch: number): Promise<void> {
  const { folder } = claim;
  if (!(await folder.exists(nextBestFile))) return;
  const { metadata } = readSafetensors(await folder.read(nextBestFile), `${folder.path}/${nextBestFile}`);
  if (Number(metadata['epoch']) <= epoch) await claim.move(nextBestFile, 'best.safetensors');
  else await folder.remove(nextBestFile);
}

async function trimLogs(
  { logs }: ClaimedRun,
  run: string,
  position: Pick<Position, 'step' | 'epoch'>,
): Promise<void> {
  for (const kind of ['train', 'validation']) {
    const names = await openFolder(`${logs.path}/${run}/${kind}`).list();
    for (const name of names.filter((each) => each.startsWith('events.out.tfevents.'))) {
      const file = `${run}/${kind}/${name}`;
      const kept = eventsBefore(position, await logs.read(file));
      if (kept?.length === 0) await logs.remove(file);
      else if (kept) await logs.write(file, kept);
    }
  }
}
