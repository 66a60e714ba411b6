/**
 * How a model converts bytes to its inputs: part of the model, saved with it, and the same for training, validation, test and
 * prediction. All of it runs on the device, where the batch is gathered.
 */
import type { Form } from '../../json_reader.js';
import { checkArgument, checkCall } from '../../calls.js';
import { type Rules, count, finite, list, nested, positive, required, text } from '../../options.js';
import { checkFilter, filterKernels } from '../../kernels/filter_kernels.js';

/** One square filter, applied `iterations` times, 'same' size, zeros outside. */
export interface Filter {
  /** For display: `blur`, `sharpen`, or `filter`. */
  readonly name: string;
  /** 3×3 or 5×5, row by row. */
  readonly kernel: readonly number[];
  readonly iterations: number;
}

export interface Preprocessing {
  /** x = byte · scale + offset, after the filters. */
  readonly scale: number;
  readonly offset: number;
  /** In order of application, on values 0 … 1 with black outside the image. */
  readonly filters: readonly Filter[];
}

export interface PreprocessingOptions {
  /** Mean and standard deviation of the values scaled to 0 … 1: x = (byte / 255 − mean) / deviation. Default: x = byte / 255. */
  readonly standardise?: { readonly mean: number; readonly deviation: number };
  readonly filters?: readonly Filter[];
}

const filterRules = (): Rules<Filter> => ({
  name: required(text),
  // The op's own rules validate the numbers.
  kernel: required(list('a list of numbers', finite)),
  iterations: required(count),
});
const filterList = () => list('a list of filters', nested(filterRules()));

const optionRules = (): Rules<PreprocessingOptions> => ({
  standardise: nested<NonNullable<PreprocessingOptions['standardise']>>({
    mean: required(finite),
    deviation: required(positive),
  }),
  filters: filterList(),
});

/** A result of `preprocessing`. */
export const preprocessingRule = () =>
  nested<Preprocessing>({
    scale: required(finite),
    offset: required(finite),
    filters: required(filterList()),
  });

/**
 * Describes how to convert the bytes of an image.
 *
 * Throws: UsageError if the deviation is not positive or a filter is neither 3×3 nor 5×5.
 */
export function preprocessing(options: PreprocessingOptions = {}): Preprocessing {
  checkCall('preprocessing', options, optionRules);
  const { standardise, filters = [] } = options;
  const { mean, deviation } = standardise ?? { mean: 0, deviation: 1 };
  checkArgument('preprocessing', 'mean / deviation', mean / deviation, () => finite);
  filters.forEach(checked);
  return { scale: 1 / (255 * deviation), offset: -mean / deviation || 0, filters };
}

/** Scales bytes to 0 … 1, nothing else. */
export const unitScaling: Preprocessing = preprocessing();

export const filterForm: Form<Filter> = { name: text, kernel: [finite], iterations: count };

export const preprocessingForm: Form<Preprocessing> = {
  scale: finite,
  offset: finite,
  filters: [filterForm],
};

function checked(filter: Filter): Filter {
  checkFilter(`filters.${filter.name}`, filter.kernel, filter.iterations);
  return filter;
}

/** Filters by name, as in image editors. */
export const filters = {
  /** Gaussian blur, (1/16)·[1 2 1; 2 4 2; 1 2 1], five times by default. */
  blur: (iterations = 5): Filter => checked({ name: 'blur', kernel: filterKernels.blur, iterations }),
  /** Sharpens edges: [0 −1 0; −1 5 −1; 0 −1 0]. */
  sharpen: (iterations = 1): Filter =>
    checked({ name: 'sharpen', kernel: filterKernels.sharpen, iterations }),
  /** Any 3×3 or 5×5 kernel, row by row. */
  custom: (kernel: readonly number[], iterations = 1): Filter =>
    checked({ name: 'filter', kernel, iterations }),
};
