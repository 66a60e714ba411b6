/**
 * The data sets by name: each fetched once, at the first request, and why one cannot be used; the user's own files are kept
 * for the next visit.
 */
import type { DatasetName } from '../../src/data/digests.js';
import type { ImageSet } from '../../src/data/dataset.js';
import type { LoadedDataset } from '../../src/data/loaded_dataset.js';
import { DataError, FileError, ModelError } from '../../src/errors.js';
import type { SetProblems, Settings } from '../protocol.js';

export interface FetchOptions {
  /** Bytes so far, and in all. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Where images come from. */
export interface DataSource {
  /** By name, why the server cannot give a set; null where it can. A server without an index gives what is asked for. */
  index?(): Promise<Readonly<Record<string, string | null>>>;
  whole(name: DatasetName, options: FetchOptions): Promise<LoadedDataset>;
  /** The test part alone. */
  test(name: DatasetName): Promise<ImageSet>;
  /** The set that was opened in this visit or an earlier one. */
  custom(): Promise<LoadedDataset | undefined>;
}

type Name = Settings['dataset'];

interface Fetching {
  readonly images: Promise<LoadedDataset>;
  readonly listeners: Set<(done: number, total: number) => void>;
}

const noCustomImages =
  'There are no images of yours yet. Drop a folder of pictures, a CSV or IDX files under Data.';

export class DataSets {
  readonly #there = new Map<Name, LoadedDataset>();
  readonly #fetching = new Map<Name, Fetching>();
  readonly #tests = new Map<Name, Promise<ImageSet>>();
  #problems: SetProblems = { digits: null, fashion: null, custom: noCustomImages };

  constructor(
    private readonly source: DataSource,
    /** Called whenever what can be used has changed. */
    private readonly tell: (problems: SetProblems) => void = () => undefined,
  ) {}

  /** Finds out what can be used. Never rejects. */
  async check(hasCustom: Promise<boolean>): Promise<void> {
    await Promise.all([this.#readIndex(), hasCustom.then((has) => has && this.#set('custom', null))]).catch(
      () => [],
    );
    this.tell(this.#problems);
  }

  /** What need not be fetched any more. */
  fetched(name: Name): LoadedDataset | undefined {
    return this.#there.get(name);
  }

  /** Becomes `custom`; undefined for none. */
  useCustom(images: LoadedDataset | undefined): void {
    if (images) this.#there.set('custom', images);
    else this.#there.delete('custom');
    this.#set('custom', images ? null : noCustomImages);
  }

  /**
   * Throws: DataError, FileError as the source does; the signal's reason as soon as it is aborted, while other callers
   * still get the images.
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

  /** The test part, alone where the whole set is not there yet. Throws: DataError where the data have none. */
  async test(name: Name): Promise<ImageSet> {
    if (name === 'custom' || this.#there.has(name)) {
      const { test, source } = await this.get(name);
      if (test) return test;
      throw new DataError(`data: ${source} holds no labelled images that are kept for testing.`);
    }
    let pending = this.#tests.get(name);
    if (!pending) {
      pending = this.#usable(name, this.source.test(name));
      this.#tests.set(name, pending);
      // Asked for again, it is tried again; the caller handles a rejection.
      pending.catch(() => this.#tests.delete(name));
    }
    return pending;
  }

  // ---- what can be used ----

  /** Notes what comes of fetching a set. A missing one is said in the index's words. */
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
      // A server that cannot be reached may answer the next time; damaged files stay so.
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
