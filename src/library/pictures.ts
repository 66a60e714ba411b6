/** Pictures for the models of the library: decoded by `readPicture`, prepared as the model was trained. */
import { checkArgument } from '../calls.js';
import { plainPreparation } from '../picture_preparation.js';
import type { UnlabelledImages } from '../data/dataset.js';
import type { Picture } from '../data/picture.js';
import { preparePicture } from '../data/prepare_picture.js';
import { UsageError } from '../errors.js';
import type { Model } from '../nn/model.js';
import { list, required, rule } from '../options.js';

/**
 * Pictures of any size as images of the model, for `predict`:
 *
 *   const model = await loadModel('runs/x');
 *   const probabilities = await model.predict(imagesFor(model, [await readPicture('cat.jpg')]));
 *
 * Each is prepared by `model.pictures`, as training did; a model without it takes them contained, with their own shades.
 *
 * Shapes: → [N,height,width,channels], bytes.
 * Throws: UsageError if the model takes no images of 1 or 3 channels; DataError naming the position of a picture on which
 * nothing is drawn, for a model of digits.
 */
export function imagesFor(
  model: Pick<Model, 'inputShape' | 'pictures'>,
  pictures: readonly Picture[],
): UnlabelledImages {
  checkArgument('imagesFor', 'pictures', pictures, () =>
    required(list('a list of pictures, as from readPicture', pictureRule())),
  );
  const [height = 0, width = 0, channels = 0, ...others] = model.inputShape;
  if (channels === 0 || others.length > 0)
    throw new UsageError(
      `imagesFor: the model takes [${model.inputShape.join(',')}], expected images [height,width,channels].`,
    );
  const shape = { height, width, channels };
  const size = height * width * channels;
  const images = new Uint8Array(size * pictures.length);
  for (const [i, picture] of pictures.entries())
    images.set(preparePicture(picture, shape, model.pictures ?? plainPreparation), i * size);
  return { images, count: pictures.length, ...shape };
}

const pictureRule = () =>
  rule('a picture', (value) => (value as Partial<Picture> | null)?.data instanceof Object);
