/** The formulas of the optimizers in float64 arrive where PyTorch does; muon's steps are orthogonal. */
import { expect, it } from 'vitest';
import { type Numbers64, muon64, update64 } from '../../src/reference/optimizers.js';
import { begin, gradientAt, steps, torchTrajectories } from '../torch_trajectories.js';

it.each(torchTrajectories)('%s', (_, { name, config, learningRate }, wanted) => {
  const parameter = { values: [...begin], decays: true, slots: begin.map(() => ({})) };
  const options = { ...config, learningRate } as unknown as Numbers64;
  for (let t = 1; t <= steps; t++) update64(name, [parameter], [gradientAt(t)], t, options);
  wanted.forEach((value, k) => expect(parameter.values[k]).toBeCloseTo(value, 11));
});

it('muon orthogonalises', () => {
  const iteration = { muonA: 2, muonB: -1.5, muonC: 0.5, nsSteps: 60 };
  for (const [rows, columns] of [
    [2, 3],
    [3, 2],
  ] as const) {
    const x = muon64([1, 2, 3, -4, 5, 0.5], rows, columns, iteration);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 2; j++) {
        const at = (side: number, k: number): number =>
          x[rows < columns ? side * columns + k : k * columns + side]!;
        const dot = [0, 1, 2].reduce((sum, k) => sum + at(i, k) * at(j, k), 0);
        expect(dot).toBeCloseTo(i === j ? 1 : 0, 9);
      }
  }
});
