/**
 * The named splits: which images to train on, validate on and test on. All are stratified (each class in proportion) and
 * seeded, and their parts share no image.
 *
 *   official   the training part, split by `validationShare`; the official test part
 *   kaggle     the CSV's 42,000 rows, split 90 : 10 (37,800 + 4,200); its test file has no labels
 *   45k/15k    the training part, split 75 : 25; the official test part
 *   k-fold     fold number `fold` of `folds` validates, the others train; the official test part
 */
import { UsageError } from '../errors.js';
import { checkCall } from '../calls.js';
import { type Rules, count, oneOf, orNull, required, seed as seedRule, wrong } from '../options.js';
import { ImageSet, between } from './dataset.js';
import type { LoadedDataset } from './loaded_dataset.js';
import { type SplitName, splitNames } from './split_names.js';

export interface SplitOptions {
  /** Default `official`. */
  readonly split?: SplitName;
  readonly seed: number;
  /** For `official`: the share of the training part to validate on. Default 0.1. */
  readonly validationShare?: number;
  /** For `k-fold`: the number of folds (default 5), and the one to validate on, from 1 (default 1). */
  readonly folds?: number;
  readonly fold?: number;
  /** Limit for the number of training and validation images together; null for all. */
  readonly limit?: number | null;
}

const rules = (): Rules<SplitOptions> => ({
  split: oneOf(splitNames),
  seed: required(seedRule),
  validationShare: between(),
  // The number of images is the limit; `fold` checks it.
  folds: count,
  fold: count,
  limit: orNull(count),
});

export interface SplitDataset {
  readonly train: ImageSet;
  readonly validation: ImageSet;
  /** Undefined if the data set has no labelled test part and the split holds none out. */
  readonly test?: ImageSet;
  /** One sentence with the counts, for display. */
  readonly description: string;
}

/** The share that `official` holds out for testing if the data set has no labelled test part, and that `kaggle` validates on. */
const heldOutShare = 0.1;

/**
 * Splits a loaded data set into training, validation and test sets.
 *
 * Memory: the parts share the pixels of the loaded images.
 * Throws: UsageError for an unknown split, one that does not suit the data set, and shares, folds or limits that leave a
 * part empty.
 */
export function splitDataset(loaded: LoadedDataset, options: SplitOptions): SplitDataset {
  if (!((loaded as Partial<LoadedDataset> | undefined)?.train instanceof ImageSet))
    throw wrong('split', 'the data set', loaded, 'a data set from datasets.load()');
  checkCall('split', options, rules);
  const { split = 'official' } = options;
  if (split === 'kaggle' && loaded.format !== 'csv') {
    throw new UsageError(
      `split: 'kaggle' is for Kaggle's CSV, but ${loaded.name} was read from ${formatTitles[loaded.format]} (${loaded.source}). Name the CSV as the data set, or use another split.`,
    );
  }
  const { rest, test, testNote } = setTestAside(loaded, split, options.seed);
  const { train, validation, how } = cutRest(limited(rest, options), split, options);
  const tested =
    test === undefined
      ? 'no labelled images to test'
      : `${number(test.count)} to test${testNote === undefined ? '' : ` (${testNote})`}`;
  const limit = isLimited(rest, options) ? `, limited to ${number(train.count + validation.count)}` : '';
  const description = `Split ${split} by class, seed ${options.seed}${limit}: ${number(train.count)} images to train, ${number(validation.count)} to validate (${how}), ${tested}.`;
  return { train, validation, ...(test === undefined ? {} : { test }), description };
}

const formatTitles = { idx: 'IDX files', csv: 'a CSV', pictures: 'pictures' } as const;

/** What is left to train and validate on; `validation` only if the data set comes with a validation part. */
interface Rest {
  readonly train: ImageSet;
  readonly validation?: ImageSet;
}

function setTestAside(
  loaded: LoadedDataset,
  split: SplitName,
  seed: number,
): { readonly rest: Rest; readonly test?: ImageSet; readonly testNote?: string } {
  const { train, test, validation } = loaded;
  const own = validation === undefined ? {} : { validation };
  if (test !== undefined) return { rest: { train, ...own }, test };
  if (split !== 'official') return { rest: { train, ...own } };
  const [kept, heldOut] = train.split(1 - heldOutShare, { seed });
  const testNote = `${heldOutShare * 100} % held out first, because the data set has no labelled test part`;
  return { rest: { train: kept, ...own }, test: heldOut, testNote };
}

function isLimited({ train, validation }: Rest, { limit = null }: SplitOptions): boolean {
  return limit !== null && limit < train.count + (validation?.count ?? 0);
}

/** Takes the same proportion of both parts, `limit` images in total. */
function limited(rest: Rest, options: SplitOptions): Rest {
  const { limit = null, seed } = options;
  if (limit === null || !isLimited(rest, options)) return rest;
  const { train, validation } = rest;
  if (!Number.isInteger(limit) || limit < 2 * train.classCount) {
    throw new UsageError(
      `split: a limit of ${limit} images is too small, expected at least ${2 * train.classCount} (two images per class).`,
    );
  }
  if (validation === undefined) return { train: train.take(limit, { seed }) };
  const share = Math.round((limit * validation.count) / (train.count + validation.count));
  const validating = Math.min(limit - 1, Math.max(1, share));
  return {
    train: train.take(limit - validating, { seed }),
    validation: validation.take(validating, { seed }),
  };
}

function cutRest(
  { train, validation }: Rest,
  split: SplitName,
  { seed, validationShare = 0.1, folds = 5, fold = 1 }: SplitOptions,
): { readonly train: ImageSet; readonly validation: ImageSet; readonly how: string } {
  if (split === 'k-fold') {
    const [others, one] = train.fold(fold, folds, { seed });
    return { train: others, validation: one, how: `fold ${fold} of ${folds}` };
  }
  if (split === 'official' && validation !== undefined) {
    return { train, validation, how: "the data's own part" };
  }
  const share = { official: validationShare, kaggle: heldOutShare, '45k/15k': 0.25 }[split];
  const [fitting, validating] = train.split(1 - share, { seed });
  return { train: fitting, validation: validating, how: `${percentage(share)} % of the training part` };
}

function percentage(share: number): string {
  return String(Number((share * 100).toFixed(2)));
}

/** 37,800 */
function number(count: number): string {
  return count.toLocaleString('en-US');
}
