/** The data sets by name: each fetched once, whoever asks first; files of one's own are kept for the next visit. */
import type { DatasetName } from '../../src/data/digests.js';
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError } from '../../src/errors.js';
import type { Settings } from '../protocol.js';

export interface FetchOptions {
  /** Bytes so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Where images come from. */
export interface DataSource {
  whole(name: DatasetName, options: FetchOptions): Promise<LoadedDataset>;
  /** The test part alone. */
  test(name: DatasetName): Promise<ImageSet>;
  /** The set that was opened in this visit or an earlier one. */
  own(): Promise<LoadedDataset | undefined>;
}

type Name = Settings['dataset'];

interface Fetching {
  readonly images: Promise<LoadedDataset>;
  readonly listeners: Set<(done: number, total: number) => void>;
}

export class DataSets {
  readonly #there = new Map<Name, LoadedDataset>();
  readonly #fetching = new Map<Name, Fetching>();
  readonly #tests = new Map<Name, Promise<ImageSet>>();

  constructor(private readonly source: DataSource) {}

  /** What need not be fetched any more. */
  fetched(name: Name): LoadedDataset | undefined {
    return this.#there.get(name);
  }

  /** Becomes `own`. */
  useOwn(images: LoadedDataset): void {
    this.#there.set('own', images);
  }

  /**
   * Throws: DataError, FileError as the source does; the signal's reason as soon as it is aborted, while whoever else
   * waits still gets the images.
   */
  async get(name: Name, { onProgress, signal }: FetchOptions = {}): Promise<LoadedDataset> {
    const there = this.#there.get(name);
    if (there) return there;
    const fetching = this.#fetching.get(name) ?? this.#begin(name);
    if (onProgress) fetching.listeners.add(onProgress);
    try {
      return await unlessAborted(fetching.images, signal);
    } finally {
      if (onProgress) fetching.listeners.delete(onProgress);
    }
  }

  #begin(name: Name): Fetching {
    const listeners: Fetching['listeners'] = new Set();
    const onProgress = (done: number, total: number): void => {
      for (const listener of listeners) listener(done, total);
    };
    const fetch = async (): Promise<LoadedDataset> => {
      try {
        const fetched = name === 'own' ? await this.#own() : await this.source.whole(name, { onProgress });
        // Files of one's own may have been opened meanwhile.
        const images = this.#there.get(name) ?? fetched;
        this.#there.set(name, images);
        return images;
      } finally {
        this.#fetching.delete(name);
      }
    };
    const fetching = { images: fetch(), listeners };
    this.#fetching.set(name, fetching);
    return fetching;
  }

  async #own(): Promise<LoadedDataset> {
    const images = this.#there.get('own') ?? (await this.source.own());
    if (images) return images;
    throw new DataError(
      'data: there are no files of your own here yet; drop a folder of pictures, a CSV or IDX files on the page.',
    );
  }

  /** The test part, alone where the whole set is not there yet. Throws: DataError where the data have none. */
  async test(name: Name): Promise<ImageSet> {
    if (name === 'own' || this.#there.has(name)) {
      const { test, source } = await this.get(name);
      if (test) return test;
      throw new DataError(`data: ${source} holds no labelled images that are kept for testing.`);
    }
    let pending = this.#tests.get(name);
    if (!pending) {
      pending = this.source.test(name);
      this.#tests.set(name, pending);
      // Asked for again, it is tried again; whoever waits hears of the failure.
      pending.catch(() => this.#tests.delete(name));
    }
    return pending;
  }
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}
