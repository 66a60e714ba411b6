/**
 * The file of kernel choices: what was saved comes back, later choices lie over earlier ones, each device has its own;
 * nothing stored; damaged, foreign and unreadable files, one line of warning each and as good as none, replaced by the
 * next save; several writers at once; forgetting; and what a device is given of it, or is not when tuning is off.
 */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { Choice } from '../../src/engine/kernel_selection.js';
import type { Device, Fingerprint } from '../../src/engine/device.js';
import { type TuningFiles, tuningFiles, useStoredKernels } from '../../src/node/tuning_store.js';
import { fakeDevice } from './fake_device.js';

const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-tuning-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const fingerprint: Fingerprint = {
  adapter: 'a card',
  vendor: 'someone',
  architecture: 'some',
  driver: 'driver 1',
  runtime: 'dawn',
  subgroupSize: 32,
};

const choice = (variant: string): Choice => ({
  variant,
  pass: 'conv2d/forward',
  shapes: '[1,8,8,1] [3,3,1,4]',
  ms: { [variant]: 1.25 },
  date: '2026-01-01T00:00:00.000Z',
});

let folder: string;
let warnings: string[];
let store: TuningFiles;
let count = 0;

beforeEach(() => {
  folder = path.join(work, `${count++}`, 'tuning');
  warnings = [];
  store = tuningFiles({ folder, warn: (line) => warnings.push(line.replaceAll(work, '')) });
});

function write(text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(store.fileOf(fingerprint), text);
}

test('what was saved comes back, the latest of each key', async () => {
  await store.save(fingerprint, new Map([['1', choice('a')], ['2', choice('b')]])); // prettier-ignore
  await store.save(fingerprint, new Map([['2', choice('c')], ['3', choice('d')]])); // prettier-ignore
  const loaded = await store.load(fingerprint);
  expect([...loaded].map(([key, { variant }]) => key + variant)).toEqual(['1a', '2c', '3d']);
  expect(loaded.get('1')).toEqual(choice('a'));
  expect(JSON.parse(readFileSync(store.fileOf(fingerprint), 'utf8'))).toMatchObject({ device: fingerprint });
  expect(readdirSync(folder)).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test('choices of an earlier format stay, and new ones are added in the format of today', async () => {
  const earlier = { format: 'shadegrad tuning 1', device: fingerprint, choices: { 1: choice('a') } };
  write(JSON.stringify(earlier));
  await store.save(fingerprint, new Map([['2', choice('b')]]));
  expect([...(await store.load(fingerprint))]).toEqual([['1', choice('a')], ['2', choice('b')]]); // prettier-ignore
  expect(JSON.parse(readFileSync(store.fileOf(fingerprint), 'utf8'))).toMatchObject({
    format: 'shadegrad tuning 2',
  });
  expect(warnings).toEqual([]);
});

test('each device has its own file', async () => {
  const other = { ...fingerprint, driver: 'driver 2' };
  await store.save(fingerprint, new Map([['1', choice('a')]]));
  await store.save(other, new Map([['1', choice('b')]]));
  expect((await store.load(fingerprint)).get('1')?.variant).toBe('a');
  expect((await store.load(other)).get('1')?.variant).toBe('b');
  expect(readdirSync(folder)).toHaveLength(2);
});

test('nothing stored is nothing, without a word', async () => {
  expect([...(await store.load(fingerprint))]).toEqual([]);
  await store.forget(fingerprint);
  expect(warnings).toEqual([]);
});

test.each([
  ['cut off', '{"format":"shadegrad tuning 1","dev', /damaged: it is not JSON/],
  ['something else', '[1,2]', /expected the format 'shadegrad tuning 2'/],
  ['null', 'null', /expected the format/],
  ['of another version', JSON.stringify({ format: 'shadegrad tuning 9' }), /expected the format/],
  [
    'of another device',
    JSON.stringify({ format: 'shadegrad tuning 1', device: { ...fingerprint, driver: 'x' }, choices: {} }),
    /measured on another device/,
  ],
  [
    'without a variant',
    JSON.stringify({ format: 'shadegrad tuning 1', device: fingerprint, choices: { 1: { primitive: 'a' } } }),
    /kernel choices: it has no 1\.variant/,
  ],
])('a file that is %s is ignored with a line, and replaced', async (_, text, reason) => {
  write(text);
  expect([...(await store.load(fingerprint))]).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(reason)]);
  expect(warnings[0]).toMatch(/^Kernel tuning ignored: \/\d+\/tuning\/[0-9a-f]{16}\.json: .*\.$/);
  expect(warnings[0]).not.toContain('\n');
  await store.save(fingerprint, new Map([['1', choice('a')]]));
  expect((await store.load(fingerprint)).get('1')).toEqual(choice('a'));
});

test('a file that cannot be looked at is ignored with a line', async () => {
  mkdirSync(path.dirname(folder), { recursive: true });
  // A link to itself has its folder's name: even root cannot follow it.
  symlinkSync('tuning', folder);
  expect([...(await store.load(fingerprint))]).toEqual([]);
  expect(warnings).toEqual([expect.stringMatching(/^Kernel tuning ignored: cannot look at /)]);
});

test('writers at the same moment leave a whole file', async () => {
  const writers = Array.from({ length: 12 }, async (_, i) =>
    store.save(fingerprint, new Map([[`${i}`, choice(`v${i}`)]])),
  );
  await Promise.all(writers);
  expect((await store.load(fingerprint)).size).toBeGreaterThan(0);
  expect(readdirSync(folder)).toHaveLength(1);
  expect(warnings).toEqual([]);
});

test('what is forgotten is gone, of this device alone', async () => {
  const other = { ...fingerprint, subgroupSize: 8 };
  for (const each of [fingerprint, other]) await store.save(each, new Map([['1', choice('a')]]));
  await store.forget(fingerprint);
  expect((await store.load(fingerprint)).size).toBe(0);
  expect((await store.load(other)).size).toBe(1);
});

test('a device uses the choices stored for it, unless tuning is off', async () => {
  await store.save(fingerprint, new Map([['1', choice('a')]]));
  const open = (): Device => Object.assign(fakeDevice(), { fingerprint });
  const tuned = open();
  expect(await useStoredKernels(tuned, { folder })).toBe('stored');
  expect([...tuned.kernelSelection]).toEqual([['1', choice('a')]]);
  const untuned = open();
  expect(await useStoredKernels(untuned, { tune: false, folder })).toBe('off');
  expect([...untuned.kernelSelection]).toEqual([]);
});
