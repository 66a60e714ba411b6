/**
 * The baseline for the page's throughput: a worker that only trains, with the same engine, images, model and recipe, and
 * reports no steps.
 */
import { fetchDataset } from '../../src/browser/datasets.js';
import { open } from '../../src/browser/open.js';
import { type RecipeChoice, makeRecipe } from '../../src/recipe/make_recipe.js';
import { fitOptionsOf, modelOf, splitBy } from '../../src/recipe/parts.js';

export interface BareRequest {
  /** URL of the folder that contains `data/`. */
  readonly base: string;
  readonly choice: RecipeChoice;
  /** Warm-up steps, and the duration of the measurement. */
  readonly warmUp: number;
  readonly measuredMs: number;
}

addEventListener('message', ({ data }: MessageEvent<BareRequest>) => {
  void measure(data).then(
    (imagesPerSecond) => postMessage({ imagesPerSecond }),
    (error: unknown) => postMessage({ error: String(error) }),
  );
});

async function measure({ base, choice, warmUp, measuredMs }: BareRequest): Promise<number> {
  const recipe = makeRecipe(choice);
  const device = await open();
  const { train } = splitBy(recipe, await fetchDataset(new URL('data/', base), recipe.dataset));
  const model = modelOf(recipe, train, { device });
  const ending = new AbortController();
  let began = Infinity;
  let ended = 0;
  let done = 0;
  let steps = 0;
  await model.fit(train, {
    ...fitOptionsOf(recipe, train),
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
  return (steps * recipe.batchSize * 1000) / (ended - began);
}
