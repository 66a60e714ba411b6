/** What arrays, tensors and iterables of batches need. */
import { labelGather } from '../../kernels/label_gather.js';
import { rowGather } from '../../kernels/row_gather.js';
import type { AnyData } from './any_data.js';
import { inputSet, labelledSet } from './array_samples.js';
import { BatchStream, isBatches } from './batch_stream.js';
import { prepareData } from './training_data.js';
import { columnsOf, isImageSet, checkSamples, labelledSet as anySet } from './samples.js';

export const allData: AnyData = {
  inputSet,
  labelledSet,
  labelGather,
  rowGather,
  isBatches,
  prepareData,
  stream: (who, samples, model, { isLabelled = true, ...options }) =>
    new BatchStream(
      who,
      samples,
      (name, batch) => {
        if (isLabelled) return anySet(name, batch as never, model);
        if (!isImageSet(batch)) return inputSet(name, batch, model);
        checkSamples(name, batch, model.inputs);
        return columnsOf(batch);
      },
      options,
    ),
};
