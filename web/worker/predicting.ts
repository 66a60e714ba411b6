/** The page's calls that predict drawings and pictures, and correct the model. */
import type { PredictingApi } from '../protocol.js';
import type { Context } from './context.js';
import { onDemand } from './on_demand_script.js';
import { correction } from './predicting_correction.js';
import { Predictions } from './predicting_model.js';
import { preparedDrawing } from './predicting_drawings.js';

export function predicting(context: Context): PredictingApi {
  const predictions = new Predictions(context);
  const fetchCorrect = async () => (await onDemand()).correct;
  const inputFormat = () => ({
    inputShape: context.current.model.inputShape,
    classNames: context.current.classNames,
    pictures: context.current.model.pictures,
  });
  return {
    drawing: async ({ rgba, width, height }) => {
      const input = preparedDrawing({ data: rgba, width, height, channels: 4 }, inputFormat());
      return input ? predictions.of(input) : null;
    },
    upload: async (file) => {
      const { preparedPicture, readPicture } = await onDemand();
      return predictions.of(preparedPicture(await readPicture(file), inputFormat()));
    },
    image: async (input) => predictions.of(input),
    correct: async (input, label) => correction({ context, predictions, fetchCorrect }, input, label),
  };
}
