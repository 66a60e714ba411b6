// Plan: a thousand of the damaged files that `npm run test:long` reads by the ten thousand; every kind of file is among them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { damagedFiles } from '../long/damaged_files.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-damaged-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('a damaged file is read, or refused with a typed error', async () => {
  const kind = await damagedFiles(root, { work, seed: 42 });
  const found: string[] = [];
  for (let n = 1; n <= 1000; n++)
    for (const { wrong, message } of await kind.run(n)) found.push(`${kind.title(n)}: ${wrong}: ${message}`);
  await kind.close();
  expect(found).toEqual([]);
}, 60_000);
