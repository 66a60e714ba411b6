/**
 * Plan: kernel choices in IndexedDB: a new store reads what was saved; later choices override earlier ones; each device has
 * its own; damaged or foreign records are ignored with one warning and replaced; forgetting; a browser without IndexedDB;
 * the text equals that of Node's files; a record of an earlier version. The rest of the format is tested in test/unit.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { browserTuningStore, useStoredKernels } from '../../src/browser/tuning_store.js';
import type { Choice } from '../../src/engine/kernel_selection.js';
import type { Device, Fingerprint } from '../../src/engine/device.js';
import { tuningKey } from '../../src/engine/tuning_store.js';
import { FileError } from '../../src/errors.js';
import earlier from '../fixtures/before_networks/tuning/bc1fbc70574118e3.json' with { type: 'json' };

const fingerprint: Fingerprint = {
  adapter: 'nvidia ampere',
  vendor: 'nvidia',
  architecture: 'ampere',
  driver: '',
  runtime: 'Browser/1',
  subgroupSize: 32,
};
const choice = (variant: string): Choice => ({ variant, pass: 'dense/forward', shapes: '[2,3]' });

let database: string;
let warnings: string[];
let count = 0;
const store = () => browserTuningStore({ database, warn: (line) => warnings.push(line) });

beforeEach(() => {
  database = `test-tuning-${count++}`;
  warnings = [];
});
afterEach(() => {
  vi.restoreAllMocks();
  indexedDB.deleteDatabase(database);
});

/** The record in the database, read without the store. */
async function ask<Result>(mode: IDBTransactionMode, work: (texts: IDBObjectStore) => IDBRequest<Result>) {
  const open = indexedDB.open(database);
  await new Promise((done) => open.addEventListener('success', done));
  const request = work(open.result.transaction('tuning', mode).objectStore('tuning'));
  await new Promise((done) => request.addEventListener('success', done));
  open.result.close();
  return request.result;
}

test('saved choices are loaded, the latest for each key, only for that device', async () => {
  await store().save(fingerprint, new Map([['1', choice('a')], ['2', choice('b')]])); // prettier-ignore
  await store().save(fingerprint, new Map([['2', choice('c')]]));
  expect([...(await store().load(fingerprint))]).toEqual([['1', choice('a')], ['2', choice('c')]]); // prettier-ignore
  expect((await store().load({ ...fingerprint, subgroupSize: 8 })).size).toBe(0);
  const text = await ask<string>(
    'readonly',
    (texts) => texts.get(tuningKey(fingerprint)) as IDBRequest<string>,
  );
  expect(JSON.parse(text)).toEqual({
    format: 'shadegrad tuning 2',
    device: fingerprint,
    choices: { 1: choice('a'), 2: choice('c') },
  });
  expect(warnings).toEqual([]);
});

test.each([
  [
    'cut off',
    '{"format":',
    /^Kernel tuning ignored: IndexedDB .*\/tuning\/[0-9a-f]{16}: damaged: it is not JSON/,
  ],
  ['no text', { format: 'other' }, /expected the format 'shadegrad tuning 2'/],
])('what is %s is ignored with a line, and replaced', async (_, damaged, reason) => {
  await store().save(fingerprint, new Map([['1', choice('a')]]));
  await ask('readwrite', (texts) => texts.put(damaged, tuningKey(fingerprint)));
  expect((await store().load(fingerprint)).size).toBe(0);
  expect(warnings).toEqual([expect.stringMatching(reason)]);
  await store().save(fingerprint, new Map([['1', choice('b')]]));
  expect((await store().load(fingerprint)).get('1')).toEqual(choice('b'));
});

test('choices stored by an earlier version of the page are found', async () => {
  const create = indexedDB.open(database, 1);
  create.addEventListener('upgradeneeded', () => void create.result.createObjectStore('tuning'));
  await new Promise((done) => create.addEventListener('success', done));
  create.result.close();
  const text = `${JSON.stringify(earlier, null, 2)}\n`;
  await ask('readwrite', (texts) => texts.put(text, 'bc1fbc70574118e3'));
  expect(Object.fromEntries(await store().load(earlier.device))).toEqual(earlier.choices);
  expect(warnings).toEqual([]);
});

test('forgotten choices are deleted', async () => {
  await store().save(fingerprint, new Map([['1', choice('a')]]));
  await store().forget(fingerprint);
  expect((await store().load(fingerprint)).size).toBe(0);
});

test('a browser without IndexedDB: a warning on load, and an error on save', async () => {
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('not here', 'SecurityError');
  });
  expect((await store().load(fingerprint)).size).toBe(0);
  expect(warnings).toEqual([expect.stringContaining('SecurityError: not here.')]);
  await expect(store().save(fingerprint, new Map())).rejects.toThrow(FileError);
});

test('a device uses the choices stored for it, unless tuning is off', async () => {
  await store().save(fingerprint, new Map([['1', choice('a')]]));
  const device = () =>
    ({ fingerprint, kernelSelection: new Map<string, Choice>(), traits: {} }) as unknown as Device;
  const [tuned, untuned] = [device(), device()];
  expect(await useStoredKernels(tuned, { database })).toBe('stored');
  expect(await useStoredKernels(untuned, { database, tune: false })).toBe('off');
  expect([[...tuned.kernelSelection], [...untuned.kernelSelection]]).toEqual([[['1', choice('a')]], []]);
});
