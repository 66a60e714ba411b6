/** `find-rate`: trains for some steps with a growing learning rate, and suggests one. */
import { type RateSearch, findLearningRate } from '../nn/training/rate_finder.js';
import { checkWritable, openFolder } from '../node/files.js';
import { svgToPng } from '../node/svg_png.js';
import { UsageError } from '../errors.js';
import { fitOptionsOf, modelOf, splitBy } from '../recipe/parts.js';
import { compileProgress } from '../report/progress_callback.js';
import { rateSearchChart, rateText } from '../report/charts/rate_search_chart.js';
import { svgFile } from '../report/charts/svg.js';
import { rateSearchPage, rateSuggestion } from '../report/html/rate_search.js';
import type { FindRateOptions } from './commands.js';
import { describeData } from './data_summary.js';
import { openDevice, sayDevice } from './device.js';
import { dataSourceOf, loadImages } from './load_images.js';
import { counted, openOutput, table } from './output.js';
import { checkRecipeOptions, chooseRecipe } from './recipe.js';
import { checkOutFolder, defaultFolder } from './run_folder.js';
import { taskOf } from './task_of.js';
import { version } from './version.js';

const files = { page: 'find_rate.html', pictures: ['learning_rate.svg', 'learning_rate.png'] } as const;
const csvName = 'learning_rate.csv';
/** Rows of the printed table. */
const shown = 12;

export async function findRate(options: FindRateOptions): Promise<number> {
  const { fromRate = 1e-6, toRate = 1, steps = 100 } = options;
  if (toRate <= fromRate)
    throw new UsageError(`find-rate: --to-rate is ${toRate}, expected more than --from-rate, ${fromRate}.`);
  checkRecipeOptions(options, 'find-rate');
  const output = openOutput(options);
  const folder = openFolder(options.out ?? defaultFolder(`find-rate-${options.dataset}`));
  await checkOutFolder('find-rate', folder, { page: files.page, pictures: [...files.pictures, csvName] });
  await checkWritable(folder.path);
  const loaded = await loadImages(dataSourceOf(options), options, output);
  output.say(...describeData(loaded));
  const device = await openDevice(options);
  sayDevice(output, device);
  const recipe = chooseRecipe(options, device, output);
  const { train } = splitBy(recipe, loaded);
  const model = modelOf(recipe, train, { task: taskOf(recipe) });
  const { batchSize = 32, microBatchSize, memory, seed, augmentation } = fitOptionsOf(recipe, train);
  output.say(
    `Model ${recipe.model}, ${recipe.optimizer.name}, ${counted(steps, 'step')} of ${batchSize} images with rates from ${rateText(fromRate)} to ${rateText(toRate)}.`,
  );
  const progress = compileProgress(output.stream);
  const search = await findLearningRate(model, train, {
    batchSize,
    microBatchSize,
    memory,
    ...(augmentation ? { augmentation } : {}),
    ...(seed === undefined ? {} : { seed }),
    from: fromRate,
    to: toRate,
    steps,
    callbacks: [{ onCompile: progress }],
  });
  output.say('', ...table(['rate', 'loss', 'smoothed'], rowsOf(search)), '', rateSuggestion(search));
  const drawing = svgFile(rateSearchChart(search));
  const subtitle = `${loaded.name}, model ${recipe.model}, ${recipe.optimizer.name}, batches of ${batchSize}`;
  await folder.write(files.page, rateSearchPage({ search, subtitle, version }));
  await folder.write(files.pictures[0], drawing);
  await folder.write(files.pictures[1], svgToPng(drawing));
  await folder.write(csvName, csvOf(search));
  output.say(`Wrote to ${folder.path}: ${[files.page, ...files.pictures, csvName].join(', ')}.`);
  output.result({
    ...search,
    suggestion: search.suggestion ?? null,
    model: recipe.model,
    optimizer: recipe.optimizer.name,
    batchSize,
    out: folder.path,
  });
  return 0;
}

function rowsOf({ rates, losses, smoothed }: RateSearch): string[][] {
  const stride = Math.max(1, Math.ceil(rates.length / shown));
  return rates.flatMap((rate, i) =>
    i % stride === 0 || i === rates.length - 1
      ? [[rateText(rate), losses[i]!.toFixed(4), smoothed[i]!.toFixed(4)]]
      : [],
  );
}

function csvOf({ rates, losses, smoothed }: RateSearch): string {
  const rows = rates.map((rate, i) => [i + 1, rate, losses[i], smoothed[i]].join(','));
  return ['step,learning_rate,loss,smoothed', ...rows, ''].join('\n');
}
