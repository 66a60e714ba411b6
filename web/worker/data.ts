/** The page's calls about data sets: counts, samples, and previews of augmentation and filters. */
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { checkTrainable } from '../../src/data/trainable.js';
import { DeviceError, UsageError } from '../../src/errors.js';
import { permutation, streams } from '../../src/random.js';
import { visibleText } from '../../src/visible_text.js';
import type { DataApi, DataInfo, PreviewOptions } from '../protocol.js';
import type { Context } from './context.js';
import { imagesOf } from './data_images.js';
import type { Previewer } from './data_preview.js';
import { onDemand } from './on_demand_script.js';
import { SerialQueue } from './serial_queue.js';

type PartOfSet = Pick<PreviewOptions, 'part' | 'dataset'>;

export function dataOf(context: Context): DataApi {
  let previewer: Previewer | undefined;
  /** Previews run one at a time, as they share tensors on the device. */
  const queue = new SerialQueue();

  /** Fetches only the test split if that is enough. `dataset` defaults to the images that the model is tested on. */
  const partOf = async ({ part, dataset }: PartOfSet): Promise<ImageSet> => {
    if (part === 'train') return (await context.data.get(dataset ?? context.trainer.settings.dataset)).train;
    if (dataset !== undefined) return context.data.test(dataset);
    const { imagesToTest } = await onDemand();
    return (await imagesToTest(context)).set;
  };

  const preview = async (options: PreviewOptions): Promise<Uint8Array<ArrayBuffer>> => {
    const device = context.device.current;
    if (!device) {
      throw new DeviceError('Previews need WebGPU: the kernels of training compute them.', {
        problem: 'no-adapter',
      });
    }
    // The tensors of a lost device cannot be used.
    if (previewer?.device !== device) {
      const { Previewer } = await onDemand();
      previewer = new Previewer(device);
    }
    return previewer.run((await partOf(options)).select(options.indices), options, options);
  };

  return {
    describe: async (dataset) => describe(await context.data.get(dataset)),
    open: async (files) => {
      const { datasetFromFiles } = await onDemand();
      const loaded = await datasetFromFiles(files);
      checkTrainable(loaded);
      await context.images.use(loaded);
      return describe(loaded);
    },
    samples: async (options) => {
      const images = await partOf(options);
      const indices = choose(images, options);
      return { ...imagesOf(images, indices), indices };
    },
    preview: async (options) => {
      check(options);
      const pixels = await queue.add(async () => preview(options));
      const { height, width, channels } = await partOf(options);
      const count = options.indices.length * options.variants;
      return { pixels, labels: null, count, height, width, channels };
    },
  };
}

function describe({ name, train, test, source }: LoadedDataset): DataInfo {
  const { height, width, channels, classNames } = train;
  return {
    name: visibleText(name),
    classNames: classNames.map(visibleText),
    height,
    width,
    channels,
    trainCounts: train.classCounts(),
    testCounts: test?.classCounts() ?? null,
    source: visibleText(source),
  };
}

/** Indices of up to `count` random images, determined by the seed; of one class if `label` is given. */
function choose(
  { labels, count: all }: ImageSet,
  { count, label, seed }: { readonly count: number; readonly label: number | null; readonly seed: number },
): number[] {
  const found: number[] = [];
  for (const index of permutation(all, seed, streams.show)) {
    if (found.length >= count) break;
    if (label === null || labels[index] === label) found.push(index);
  }
  return found;
}

function check({ indices, variants }: PreviewOptions): void {
  if (indices.length > 0 && Number.isInteger(variants) && variants >= 1) return;
  throw new UsageError(
    `preview: got ${variants} variants of ${indices.length} images, expected 1 or more of each.`,
  );
}
