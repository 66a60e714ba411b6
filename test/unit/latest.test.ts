/**
 * Work of which only the newest request matters (web/latest.ts): one at a time; what came meanwhile is dropped but for the
 * last; it continues after an end, even after a failure.
 */
import { expect, it } from 'vitest';
import { Latest } from '../../web/latest.js';

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

it('does one at a time, and of those that wait only the last', async () => {
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const latest = new Latest<number>((request) => {
    begun.push(request);
    return new Promise((resolve) => void ends.push(resolve));
  });
  for (const request of [1, 2, 3, 4]) latest.ask(request);
  await settled();
  expect(begun).toEqual([1]);
  ends.shift()?.();
  await settled();
  expect(begun).toEqual([1, 4]);
  ends.shift()?.();
  await settled();
  latest.ask(5);
  expect(begun).toEqual([1, 4, 5]);
});
