/**
 * What the page's throughput is measured against: a worker that does nothing but train, with the same engine, images,
 * model and settings, and tells nobody of its steps.
 */
import { fetchDataset } from '../../src/browser/datasets.js';
import { open } from '../../src/browser/open.js';
import { splitDataset } from '../../src/data/splits.js';
import { modelsByName } from '../../src/nn/models.js';
import { rmsprop } from '../../src/nn/optimizers.js';
import { recipeFor, scheduledRate } from '../../src/nn/presets.js';
import type { Settings } from '../../web/protocol.js';

export interface BareRequest {
  /** Where `data/` lies. */
  readonly base: string;
  readonly settings: Settings;
  /** Steps before the clock starts, and how long it runs. */
  readonly warmUp: number;
  readonly measuredMs: number;
}

addEventListener('message', ({ data }: MessageEvent<BareRequest>) => {
  void measure(data).then(
    (imagesPerSecond) => postMessage({ imagesPerSecond }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});

async function measure({ base, settings, warmUp, measuredMs }: BareRequest): Promise<number> {
  const { model: name, preset, dataset, limit, seed, batchSize, epochs, learningRate } = settings;
  await open();
  const recipe = recipeFor(preset, dataset);
  const data = await fetchDataset(new URL('data/', base), dataset);
  const { train } = splitDataset(data, { split: recipe.split, seed, limit });
  const model = modelsByName[name]({ seed });
  model.compile({
    optimizer: rmsprop({ learningRate: scheduledRate(recipe.schedule, learningRate) }),
    loss: 'sparseCategoricalCrossentropy',
  });
  const ending = new AbortController();
  let began = Infinity;
  let ended = 0;
  let done = 0;
  let steps = 0;
  await model.fit(train, {
    epochs,
    batchSize,
    seed,
    signal: ending.signal,
    callbacks: [
      {
        onBatchEnd: () => {
          done++;
          if (done === warmUp) began = performance.now();
          if (ended > 0 || performance.now() - began < measuredMs) return;
          ended = performance.now();
          steps = done - warmUp;
          ending.abort();
        },
      },
    ],
  });
  if (ended === 0) throw new Error(`the training ended after ${done} steps, before it was measured`);
  return (steps * batchSize * 1000) / (ended - began);
}
