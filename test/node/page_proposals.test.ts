/** The settings that the page proposes for a CPU train its smallest model: `mlp`, in a second or two. */
import { expect, test } from 'vitest';
import { loadDataset } from '../../src/node/datasets.js';
import { fitOptionsOf, modelOf, splitBy } from '../../src/recipe/parts.js';
import { defaultSettings, withModel, proposalFor } from '../../web/settings.js';
import { open } from '../device/open.js';

test('mlp learns with its proposal', async () => {
  const settings = withModel({ ...defaultSettings, ...proposalFor('software', 'small') }, 'mlp');
  const digits = await loadDataset('digits', { offline: true });
  const device = await open();
  try {
    const { train } = splitBy(settings, digits);
    const model = modelOf(settings, train, { device });
    await model.fit(train, fitOptionsOf(settings, train));
    const { accuracy } = await model.evaluate(digits.test.take(1000, { seed: 1 }), { batchSize: 100 });
    expect(accuracy).toBeGreaterThan(0.78);
  } finally {
    device.destroy();
  }
});
