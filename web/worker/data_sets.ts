/** The data sets by name: fetches each once, at the first request, and knows why one cannot be used. */
import type { DatasetName } from '../../src/data/digests.js';
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError, FileError, ModelError } from '../../src/errors.js';
import type { SetProblems, Settings } from '../protocol.js';

export interface FetchOptions {
  /** Receives the bytes loaded so far, and their total. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Where images come from. */
export interface DataSource {
  /** By name, why the server does not have a data set; null if it does. A source without an index has all of them. */
  index?(): Promise<Readonly<Record<string, string | null>>>;
  whole(name: DatasetName, options: FetchOptions): Promise<LoadedDataset>;
  /** Only the test split. */
  test(name: DatasetName): Promise<ImageSet>;
  /** The user's own images, opened in this visit or an earlier one. */
  custom(): Promise<LoadedDataset | undefined>;
}

type Name = Settings['dataset'];

interface Fetching {
  readonly images: Promise<LoadedDataset>;
  readonly listeners: Set<(done: number, total: number) => void>;
}

const noCustomImages =
  'You have not added images yet. Drop a folder of pictures, a CSV file or IDX files under Data.';

export class DataSets {
  readonly #there = new Map<Name, LoadedDataset>();
  readonly #fetching = new Map<Name, Fetching>();
  readonly #tests = new Map<Name, Promise<ImageSet>>();
  #problems: SetProblems = { digits: null, fashion: null, custom: noCustomImages };

  constructor(
    private readonly source: DataSource,
    /** Called when a problem appears or disappears. */
    private readonly tell: (problems: SetProblems) => void = () => undefined,
  ) {}

  /** Checks which data sets can be used. Never rejects. */
  async check(hasCustom: Promise<boolean>): Promise<void> {
    await Promise.all([this.#readIndex(), hasCustom.then((has) => has && this.#set('custom', null))]).catch(
      () => [],
    );
    this.tell(this.#problems);
  }

  /** The data set if it has been fetched. */
  fetched(name: Name): LoadedDataset | undefined {
    return this.#there.get(name);
  }

  /** Sets the data set `custom`; undefined removes it. */
  useCustom(images: LoadedDataset | undefined): void {
    if (images) this.#there.set('custom', images);
    else this.#there.delete('custom');
    this.#set('custom', images ? null : noCustomImages);
  }

  /**
   * Throws: DataError, FileError as the source does; the signal's reason as soon as it is aborted, although the fetch continues
   * for other callers.
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
        const source = name === 'custom' ? this.#custom() : this.source.whole(name, { onProgress });
        const fetched = await this.#usable(name, source);
        // The user may have opened files meanwhile.
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

  async #custom(): Promise<LoadedDataset> {
    const images = this.#there.get('custom') ?? (await this.source.custom());
    if (images) return images;
    throw new DataError(noCustomImages);
  }

  /** The test split; fetched alone if the whole set has not been fetched. Throws: DataError if there is no test split. */
  async test(name: Name): Promise<ImageSet> {
    if (name === 'custom' || this.#there.has(name)) {
      const { test, source } = await this.get(name);
      if (test) return test;
      throw new DataError(`data: ${source} has no labelled test images.`);
    }
    let pending = this.#tests.get(name);
    if (!pending) {
      pending = this.#usable(name, this.source.test(name));
      this.#tests.set(name, pending);
      // The next call retries; the caller handles the rejection.
      pending.catch(() => this.#tests.delete(name));
    }
    return pending;
  }

  // ---- problems ----

  /** Records whether fetching succeeds. If the set is missing, its problem is the text in the index. */
  async #usable<T>(name: Name, fetching: Promise<T>): Promise<T> {
    try {
      const images = await fetching;
      this.#set(name, null);
      return images;
    } catch (error) {
      if (error instanceof FileError && error.problem === 'missing') {
        await this.#readIndex().catch(() => undefined);
        const problem =
          this.#problems[name] ??
          `The ${name} images are no longer on this page's server. Run 'npm run explore -- --dataset ${name}' there, then reload this page.`;
        this.#set(name, problem);
        throw new FileError(problem, { cause: error, problem: 'missing' });
      }
      // Damaged files stay damaged, but an unreachable server may answer the next time.
      if (error instanceof DataError || error instanceof ModelError) this.#set(name, error.message);
      throw error;
    }
  }

  async #readIndex(): Promise<void> {
    const index = await this.source.index?.();
    for (const name of ['digits', 'fashion'] as const) {
      const problem = index?.[name];
      if (typeof problem === 'string' && !this.#there.has(name)) this.#set(name, problem);
    }
  }

  #set(name: Name, problem: string | null): void {
    if (this.#problems[name] === problem) return;
    this.#problems = { ...this.#problems, [name]: problem };
    this.tell(this.#problems);
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
