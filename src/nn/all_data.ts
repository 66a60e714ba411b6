/** What arrays, tensors and iterables of batches need, for `registerAnyData`. */
import { labelGather } from '../kernels/label_gather.js';
import { rowGather } from '../kernels/row_gather.js';
import type { AnyData } from './any_data.js';
import { inputSet, labelledSet } from './array_samples.js';

export const allData: AnyData = { inputSet, labelledSet, labelGather, rowGather };
