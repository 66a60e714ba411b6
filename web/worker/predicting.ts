/** What the digit on the table is, and how to learn from it. */
import { readPicture } from '../../src/browser/read_picture.js';
import type { PredictingApi } from '../protocol.js';
import type { Context } from './context.js';
import { lesson } from './predicting_lesson.js';
import { Predictions } from './predicting_model.js';
import { preparedDrawing, preparedPicture } from './predicting_pictures.js';

export function predicting(context: Context): PredictingApi {
  const predictions = new Predictions(context);
  const taken = () => ({ inputShape: context.model.inputShape, classNames: context.classNames });
  return {
    drawing: async ({ rgba, width, height }) => {
      const input = preparedDrawing({ data: rgba, width, height, channels: 4 }, taken());
      return input ? predictions.of(input) : null;
    },
    upload: async (file) => predictions.of(preparedPicture(await readPicture(file), taken())),
    image: async (input) => predictions.of(input),
    learn: async (input, label) => lesson(context, predictions, input, label),
  };
}
