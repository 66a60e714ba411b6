/** `evaluate`: loss, accuracy and the accuracy of each class, of a saved model on a data set. */
import { type ImageSet, shapeText } from '../data/dataset.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { UsageError } from '../errors.js';
import { loadDataset } from '../node/datasets.js';
import { splitBy } from '../recipe/parts.js';
import type { DataRecipe } from '../recipe/recipe.js';
import { percent } from '../report/charts/numbers.js';
import { type ClassScore, classScores, evaluate as score } from '../report/evaluation.js';
import type { EvaluateOptions } from './commands.js';
import { describeClasses } from './data_summary.js';
import { downloadProgress } from './download_progress.js';
import { bold, columnName, openOutput, table } from './output.js';
import { type SavedModel, readSavedModel, stepCounter } from './saved_model.js';

type PartName = NonNullable<EvaluateOptions['part']>;

export async function evaluate(options: EvaluateOptions): Promise<number> {
  const output = openOutput(options);
  const saved = await readSavedModel('evaluate', options);
  const { run, classNames } = saved;
  const own = run?.recipe;
  const dataset = options.dataset ?? own?.dataset ?? 'digits';
  const isOwn = own !== undefined && dataset === own.dataset && (options.data ?? own.data) === own.data;
  const data = options.data ?? (isOwn ? own.data : null);
  const loaded = await loadDataset(dataset, {
    ...(data === null ? {} : { folder: data }),
    transpose: options.transpose ?? (isOwn && own.transpose),
    shape: saved.shape,
    offline: options.offline ?? false,
    onProgress: downloadProgress(output),
  });
  const { part, images: all } = choosePart(options.part, isOwn ? partsOfRun(loaded, own) : partsOf(loaded));
  const images = options.limit === undefined ? all : all.take(options.limit, { seed: options.seed });
  checkFit(loaded.name, images, saved);

  output.say(
    `Model ${options.model} on ${images.count} images of ${loaded.name} (${part} part, from ${loaded.source}), ${classNames.length} classes (${describeClasses(classNames)}).`,
  );
  const model = await saved.open(output);
  const probabilities = await model.predict(images, {
    batchSize: options.batchSize,
    callbacks: [stepCounter(output)],
  });
  const scored = score(images.labels, probabilities, classNames.length, { seed: options.seed });
  const { accuracy, loss } = scored;
  const byClass = classScores(scored);
  const shown = worstClasses(byClass);
  output.say(
    ...table(
      ['class', 'images', 'accuracy'],
      shown.map(({ label, support, recall }) => [
        columnName(classNames[label]!),
        support,
        recall === null ? '–' : percent(recall),
      ]),
    ),
  );
  if (shown.length < byClass.length)
    output.say(
      `${shown.length} of ${byClass.length} classes: those with the lowest accuracy; --json has all.`,
    );
  output.say(`${bold(output, `accuracy ${percent(accuracy)}`)} - loss ${loss.toFixed(4)}`);
  output.result({
    dataset,
    part,
    images: images.count,
    accuracy,
    loss,
    classes: byClass.map(({ label, support, recall }) => ({
      label,
      name: classNames[label]!,
      images: support,
      accuracy: recall,
    })),
  });
  return 0;
}

/** Of more classes only some are listed. */
const mostListed = 100;

/** In the order of their labels; a class without images has no accuracy, and comes last. */
function worstClasses(scores: readonly ClassScore[]): readonly ClassScore[] {
  if (scores.length <= mostListed) return scores;
  return scores
    .toSorted((a, b) => (a.recall ?? 2) - (b.recall ?? 2) || a.label - b.label)
    .slice(0, mostListed)
    .sort((a, b) => a.label - b.label);
}

/** Throws: UsageError when the images have another shape than the model takes, or more classes. */
function checkFit(name: string, images: ImageSet, { shape, classNames }: SavedModel): void {
  const [own, expected] = [images, shape].map(shapeText);
  if (own !== expected)
    throw new UsageError(`evaluate: ${name} has images of ${own}, but the model takes ${expected}.`);
  if (images.classCount > classNames.length) {
    throw new UsageError(
      `evaluate: ${name} has ${images.classCount} classes, but the model tells ${classNames.length} apart.`,
    );
  }
}

type Parts = Readonly<Partial<Record<Exclude<PartName, 'all'>, ImageSet>>> & { readonly all: ImageSet };

/** The run's own data cut as for the run, so that no image it was trained on is called a test image. */
function partsOfRun(loaded: LoadedDataset, recipe: DataRecipe): Parts {
  const { train, validation, test } = splitBy(recipe, loaded);
  return { train, validation, ...(test === undefined ? {} : { test }), all: loaded.train };
}

/** Data that the model has not seen, as they are. */
function partsOf({ train, validation, test }: LoadedDataset): Parts {
  return {
    train,
    ...(validation === undefined ? {} : { validation }),
    ...(test === undefined ? {} : { test }),
    all: train,
  };
}

/** The part that is asked for, else the first there is of test, validation and all. */
function choosePart(
  wanted: PartName | undefined,
  parts: Parts,
): { readonly part: PartName; readonly images: ImageSet } {
  const part = wanted ?? (['test', 'validation', 'all'] as const).find((name) => parts[name] !== undefined)!;
  const images = parts[part];
  if (images === undefined)
    throw new UsageError(`evaluate: these data have no ${part} part; leave --part out, or name another.`);
  return { part, images };
}
