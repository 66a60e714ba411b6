// Plan: gradients of ops put together, against float64: the compositions in which `grad` goes wrong first, one test
// each; then whole networks, dropout included: the small one with odd sizes, the strided one, the normalised one. `npm run gradcheck`
// adds the paper network.
import { expect, test } from 'vitest';
import { type Row, checkComposition, checkNetwork } from '../../src/reference/check.js';
import { compositions } from '../../src/reference/compositions.js';
import { normalisedNetwork, smallNetwork, stridedNetwork } from '../../src/reference/network.js';
import { useDevice } from './device.js';

const held = useDevice();

test.each(compositions)('$name', async (composition) => {
  expect(failures(await checkComposition(held.device, composition))).toEqual([]);
});

test.each([smallNetwork, stridedNetwork, normalisedNetwork])(
  'all parameters of the $name network',
  async (network) => {
    expect(failures(await checkNetwork(held.device, network))).toEqual([]);
  },
);

function failures(rows: readonly Row[]): string[] {
  expect(rows.length).toBeGreaterThan(0);
  return rows
    .filter((row) => !row.ok)
    .map(
      ({ result, error, tolerance, at }) =>
        `${result}: ${error.toExponential(1)} > ${tolerance.toExponential(1)} at ${at}`,
    );
}
