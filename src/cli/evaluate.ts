/** `evaluate`: computes the loss, the accuracy and the accuracy per class of a saved model on a data set. */
import { type ImageSet, shapeText } from '../data/dataset.js';
import type { LoadedDataset } from '../data/loaded_dataset.js';
import { UsageError } from '../errors.js';
import { splitBy } from '../recipe/parts.js';
import type { DataRecipe } from '../recipe/recipe.js';
import { percent } from '../report/charts/numbers.js';
import { type ClassScore, balancedAccuracyOf, classScores, evaluate as score } from '../report/evaluation.js';
import type { EvaluateOptions } from './commands.js';
import { describeClasses } from './data_summary.js';
import { type ImageSource, loadImages } from './load_images.js';
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
  const transpose = options.transpose ?? (isOwn && own.transpose);
  const source = isOwn ? own : { pictures: saved.pictures, ...sizeOf(saved.shape) };
  const loaded = await loadImages(
    { ...source, dataset, data, transpose, shape: saved.shape },
    options,
    output,
  );
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
      `Only the ${shown.length} of ${byClass.length} classes with the lowest accuracy are listed; --json prints all.`,
    );
  const balanced = balancedAccuracyOf(byClass);
  const mean = balanced === undefined ? '' : ` - balanced accuracy ${percent(balanced)}`;
  output.say(`${bold(output, `accuracy ${percent(accuracy)}`)}${mean} - loss ${loss.toFixed(4)}`);
  output.result({
    dataset,
    part,
    images: images.count,
    accuracy,
    ...(balanced === undefined ? {} : { balancedAccuracy: balanced }),
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

/** The size and colours that pictures of other data are brought to. */
function sizeOf({ height, width, channels }: SavedModel['shape']): Pick<ImageSource, 'size' | 'channels'> {
  return { size: { height, width }, ...(channels === 1 || channels === 3 ? { channels } : {}) };
}

/** At most this many classes are listed. */
const mostListed = 100;

/** The classes with the lowest accuracy, by label; classes without images are left out first. */
function worstClasses(scores: readonly ClassScore[]): readonly ClassScore[] {
  if (scores.length <= mostListed) return scores;
  return scores
    .toSorted((a, b) => (a.recall ?? 2) - (b.recall ?? 2) || a.label - b.label)
    .slice(0, mostListed)
    .sort((a, b) => a.label - b.label);
}

/** Throws: UsageError if the images do not have the model's shape, or have more classes. */
function checkFit(name: string, images: ImageSet, { shape, classNames }: SavedModel): void {
  const [own, expected] = [images, shape].map(shapeText);
  if (own !== expected)
    throw new UsageError(`evaluate: the images of ${name} are ${own}, but the model expects ${expected}.`);
  if (images.classCount > classNames.length) {
    throw new UsageError(
      `evaluate: ${name} has ${images.classCount} classes, but the model has ${classNames.length}.`,
    );
  }
}

type Parts = Readonly<Partial<Record<Exclude<PartName, 'all'>, ImageSet>>> & { readonly all: ImageSet };

/** Splits the run's data as the run did, so that no training image counts as a test image. */
function partsOfRun(loaded: LoadedDataset, recipe: DataRecipe): Parts {
  const { train, validation, test } = splitBy(recipe, loaded);
  return { train, validation, ...(test === undefined ? {} : { test }), all: loaded.train };
}

/** Splits other data as their files do. */
function partsOf({ train, validation, test }: LoadedDataset): Parts {
  return {
    train,
    ...(validation === undefined ? {} : { validation }),
    ...(test === undefined ? {} : { test }),
    all: train,
  };
}

/** The wanted part; by default the first that exists of test, validation and all. */
function choosePart(
  wanted: PartName | undefined,
  parts: Parts,
): { readonly part: PartName; readonly images: ImageSet } {
  const part = wanted ?? (['test', 'validation', 'all'] as const).find((name) => parts[name] !== undefined)!;
  const images = parts[part];
  if (images === undefined)
    throw new UsageError(
      `evaluate: the data set has no ${part} part; leave out --part, or choose another one.`,
    );
  return { part, images };
}
