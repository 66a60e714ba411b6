/**
 * Plan: what a folder may hold when a training begins: nothing of ours for a new run, a run for --resume, a run or nothing
 * for --overwrite; each refusal leaves every byte. A run that is replaced is whole until the new one is: before the first
 * checkpoint, at a file call that fails anywhere on the way, and what the next claim makes of it. A folder that is deleted
 * while it is written to; giving the lock back at once; drafts of the dead.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ClaimMode, type ClaimedRun, claimRun } from '../../src/cli/claimed_run.js';
import { isPending, refusePending } from '../../src/cli/pending_run.js';
import { FileError, UsageError } from '../../src/errors.js';
import { openFolder } from '../../src/node/files.js';
import { failFileCalls } from '../failing_files.mjs';

let base: string;
const at = (...names: string[]): string => path.join(base, ...names);
beforeEach(() => {
  base = mkdtempSync(path.join(tmpdir(), 'shadegrad-claim-'));
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function write(files: Readonly<Record<string, string>>, folder = 'run'): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(at(folder, name)), { recursive: true });
    writeFileSync(at(folder, name), text);
  }
}

/** Every file below, with its contents. */
function contents(folder = at('run')): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  const files = names.filter((name) => statSync(path.join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
}

const finished = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/run.json'), 'utf8'),
) as object;
const runJson = (changes: object = { result: undefined }): string =>
  JSON.stringify({ ...finished, ...changes });
const old = {
  'run.json': runJson({}),
  'model.json': 'old model',
  'history.json': 'old history',
  'history.csv': 'old csv',
  'best.safetensors': 'old best',
  'last.safetensors': 'old last',
  'report.html': 'old report',
  'logs/20260131-120000/train/events.out.tfevents.1.x.1.0.v2': 'old events',
  'notes.txt': 'mine',
  'logs/mine/notes.txt': 'mine too',
};
const ownPage = '<footer>Written by shadegrad 1.0.0.</footer>';
const kept = { 'notes.txt': 'mine', 'logs/mine/notes.txt': 'mine too' };
const fresh = {
  'run.json': runJson({ model: 'new' }),
  'model.json': 'new model',
  'last.safetensors': 'new last',
  'best.safetensors': 'new best',
};

async function writeFresh(claim: ClaimedRun): Promise<void> {
  for (const [name, text] of Object.entries(fresh)) await claim.folder.write(name, text);
  await claim.logs.append('20260201-000000/train/events', 'new events');
}
const replaced = { ...kept, ...fresh, 'logs/20260201-000000/train/events': 'new events' };

async function messageOf(claiming: Promise<unknown>, kind: new (message: string) => Error): Promise<string> {
  const error: unknown = await claiming.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(kind);
  return (error as Error).message.replaceAll(base, 'BASE');
}

describe('refused', () => {
  it.each<[string, Readonly<Record<string, string>>, ClaimMode, string]>([
    [
      'a finished run',
      old,
      'new',
      'train: BASE/run holds a finished run. Name another folder, or replace the run with --overwrite.',
    ],
    [
      'an unfinished run',
      { ...old, 'run.json': runJson() },
      'new',
      'train: BASE/run holds an unfinished run. Resume it with --resume BASE/run, name another folder, or replace it with --overwrite.',
    ],
    [
      'a run that is being replaced',
      { '.shadegrad-ready/run.json': runJson() },
      'new',
      'train: BASE/run holds an unfinished run. Resume it with --resume BASE/run, name another folder, or replace it with --overwrite.',
    ],
    [
      'a damaged run',
      { 'run.json': '{"format":' },
      'new',
      'train: BASE/run holds a run that cannot be read. Name another folder, or replace it with --overwrite.',
    ],
    [
      'files of these names without a run',
      { 'model.json': '{}', 'report.html': '' },
      'new',
      'train: BASE/run holds model.json, report.html, which training would overwrite. Name another folder, or move these files away.',
    ],
    [
      'a report of ours without a run',
      { 'report.html': ownPage },
      'new',
      'train: BASE/run holds report.html, which training would overwrite. Name another folder, or replace these files with --overwrite.',
    ],
    [
      "another program's run.json",
      { 'run.json': '{"scripts":{}}', 'model.json': '{}' },
      'replace',
      'train: BASE/run/run.json is not a run of shadegrad, so --overwrite does not replace it. Name another folder, or move that file away.',
    ],
    [
      "another program's report.html",
      { 'report.html': '<p>Mine.</p>' },
      'replace',
      'train: BASE/run holds report.html, but no run of shadegrad, so --overwrite replaces nothing there. Name another folder, or move that file away.',
    ],
    [
      "a user's pictures and models",
      { 'accuracy.png': 'mine', 'model.json': 'mine', 'evaluation.json': 'mine' },
      'replace',
      'train: BASE/run holds model.json, evaluation.json, accuracy.png, but no run of shadegrad, so --overwrite replaces nothing there. Name another folder, or move these files away.',
    ],
  ])('%s', async (_, files, mode, message) => {
    write(files);
    expect(await messageOf(claimRun(at('run'), mode), UsageError)).toBe(message);
    expect(contents()).toEqual(files);
  });

  it('nothing to resume, and no folder is made', async () => {
    expect(await messageOf(claimRun(at('none'), 'resume'), FileError)).toContain('there is no such file');
    expect(readdirSync(base)).toEqual([]);
  });

  it('a file where the folder should be', async () => {
    writeFileSync(at('file'), '');
    for (const mode of ['new', 'replace', 'resume'] as const)
      await expect(claimRun(at('file'), mode), mode).rejects.toThrow(FileError);
  });
});

it('a report of ours that is left without its run is replaced', async () => {
  write({ 'report.html': ownPage });
  const claim = await claimRun(at('run'), 'replace');
  await writeFresh(claim);
  await claim.commit();
  await claim.release();
  expect(Object.keys(contents())).not.toContain('report.html');
});

it('a new run in a folder with files that are not ours leaves them', async () => {
  write(kept);
  const claim = await claimRun(at('run'), 'new');
  expect(claim.isReplacing).toBe(false);
  await writeFresh(claim);
  await claim.commit();
  await claim.release();
  expect(contents()).toEqual(replaced);
});

describe('a run that is replaced', () => {
  it('is untouched until the new one is whole, and gone then', async () => {
    write(old);
    const claim = await claimRun(at('run'), 'replace');
    await writeFresh(claim);
    expect(contents()).toMatchObject(old);
    expect(claim.folder.path).toBe(at('run'));
    await claim.commit();
    await claim.folder.write('history.json', 'new history');
    await claim.release();
    expect(contents()).toEqual({ ...replaced, 'history.json': 'new history' });
  });

  it.each(['release', 'releaseNow'] as const)('is as it was after %s without a commit', async (release) => {
    write(old);
    const claim = await claimRun(at('run'), 'replace');
    await writeFresh(claim);
    await claim[release]();
    expect(contents()).toEqual(old);
  });

  it('is as it was where the process was killed before the commit', async () => {
    write({ ...old, '.shadegrad-next/run.json': runJson(), '.shadegrad-next/last.safetensors': 'half' });
    const claim = await claimRun(at('run'), 'resume');
    await claim.release();
    expect(contents()).toEqual(old);
  });

  // Every third call here; `npm run test:long` takes all of a whole training.
  it('or else the new one is whole, whichever file call fails', { timeout: 60_000 }, async () => {
    let nth = -1;
    for (;;) {
      nth += 3;
      rmSync(at('run'), { recursive: true, force: true });
      write(old);
      const calls = failFileCalls({ under: at('run'), nth, code: nth % 2 === 0 ? 'ENOSPC' : 'EIO' });
      let failure: unknown;
      try {
        const claim = await claimRun(at('run'), 'replace');
        try {
          await writeFresh(claim);
          await claim.commit();
        } finally {
          await claim.release().catch(() => undefined);
        }
      } catch (error) {
        failure = error;
      } finally {
        calls.restore();
      }
      const where = calls.made[nth - 1] ?? 'nowhere';
      expect(failure ?? new FileError('none'), where).toBeInstanceOf(FileError);
      const folder = openFolder(at('run'));
      const refusal = await refusePending(folder).catch((cause: unknown) => String(cause));
      expect(/Complete it with 'npm run train -- --resume/.test(refusal ?? '')).toBe(await isPending(folder));
      rmSync(at('run', 'run.lock'), { force: true }); // As if that process were dead.
      const claim = await claimRun(at('run'), 'resume');
      await claim.release();
      // A file that a running process could not remove does not count as one of a dead process.
      const found = Object.fromEntries(
        Object.entries(contents()).filter(([name]) => !/^run\.lock\..*\.tmp$/.test(name)),
      );
      expect([old, replaced], where).toContainEqual(found);
      if (calls.made.length < nth) break;
    }
    expect(nth).toBeGreaterThan(50);
  });
});

describe('a folder that is deleted while training', () => {
  it('is not made again', async () => {
    const claim = await claimRun(at('run'), 'new');
    await claim.folder.write('run.json', runJson());
    rmSync(at('run'), { recursive: true });
    for (const write of [
      () => claim.folder.write('last.safetensors', ''),
      () => claim.logs.append('a/b', ''),
    ])
      expect(await messageOf(write(), FileError)).toBe(
        'cannot write to BASE/run: it was deleted, or its run.lock was, while this training ran; what it held is lost. Train again, and leave the folder in place until training has ended.',
      );
    await claim.release();
    expect(readdirSync(base)).toEqual([]);
  });

  it("and another's by now is left to it", async () => {
    const claim = await claimRun(at('run'), 'new');
    rmSync(at('run'), { recursive: true });
    const other = await claimRun(at('run'), 'new');
    expect(await messageOf(claim.folder.write('x', ''), FileError)).toBe(
      'cannot write to BASE/run: another process has taken it over while this training ran. Name another run folder, one for each training.',
    );
    await claim.release();
    await other.folder.write('x', 'other');
    await other.release();
    expect(contents()).toEqual({ x: 'other' });
  });
});

it('releaseNow gives the lock back without waiting, and what is written later is not', async () => {
  const claim = await claimRun(at('run'), 'new');
  claim.releaseNow();
  expect(readdirSync(base)).toEqual([]);
  void claim.folder.write('x', ''); // Never settles: the process is about to end.
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(readdirSync(base)).toEqual([]);
});

it('drafts of dead processes go, and no others', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  const id = 'c0ffee00-0000-4000-8000-000000000000';
  write({
    [`.last.safetensors.${dead}.0123abcd.tmp`]: 'half',
    [`run.lock.${id}.tmp`]: JSON.stringify({ pid: dead, host: hostname(), birth: '', id }),
    [`.last.safetensors.${process.ppid}.0123abcd.tmp`]: 'being written',
    [`.last.${dead}.tmp`]: 'not ours',
    'last.tmp': 'not ours',
  });
  await (await claimRun(at('run'), 'new')).release();
  expect(Object.keys(contents())).toEqual(
    [`.last.${dead}.tmp`, `.last.safetensors.${process.ppid}.0123abcd.tmp`, 'last.tmp'].sort(),
  );
});
