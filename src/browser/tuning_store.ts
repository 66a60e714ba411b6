/** Stores the kernel choices measured in this browser: entries in IndexedDB, one per device, in the format of Node's files. */
import { checkArgument, checkCall } from '../calls.js';
import { type Device, deviceRule } from '../engine/device.js';
import type { TuningStore } from '../engine/tune.js';
import { type TextStore, applyStoredKernels, tuningStoreOn } from '../engine/tuning_store.js';
import { FileError } from '../errors.js';
import { type Rules, flag, fn, nonEmptyText } from '../options.js';

export interface BrowserTuningOptions {
  /** The database's name. Default `shadegrad`. */
  readonly database?: string;
  /** Called with one line about an entry that cannot be used. Default: the console. */
  readonly warn?: (line: string) => void;
}

const rules = (): Rules<BrowserTuningOptions> => ({ database: nonEmptyText, warn: fn });

/** The object store of the database. */
const table = 'tuning';

/**
 * The tuning store of the page's origin; see `tuningStoreOn` for its guarantees. If the browser has no database, as
 * in some private windows, it warns and stays empty.
 *
 * Throws, from `save` and `forget`: FileError.
 */
export function browserTuningStore(options: BrowserTuningOptions = {}): TuningStore {
  checkCall('browserTuningStore', options, rules);
  const { database = 'shadegrad', warn = console.warn } = options;
  return tuningStoreOn(textStoreIn(database), warn);
}

/** Makes a device use the kernel choices stored for it in this browser; see `applyStoredKernels`. */
export async function useStoredKernels(
  device: Device,
  choosing: BrowserTuningOptions & { readonly tune?: boolean } = {},
): Promise<'off' | 'stored'> {
  checkArgument('useStoredKernels', 'device', device, deviceRule);
  checkCall('useStoredKernels', choosing, () => ({ tune: flag, ...rules() }));
  const { tune = true, ...options } = choosing;
  return applyStoredKernels(device, browserTuningStore(options), { tune });
}

function textStoreIn(database: string): TextStore {
  const nameOf = (key: string): string => `IndexedDB ${database}/${table}/${key}`;
  /** Runs one request in a transaction of its own; resolves to its result once the transaction is complete. */
  const run = async <Result>(
    doing: 'read' | 'write' | 'remove',
    key: string,
    ask: (texts: IDBObjectStore) => IDBRequest<Result>,
  ): Promise<Result> => {
    try {
      const open = await openDatabase(database);
      try {
        const transaction = open.transaction(table, doing === 'read' ? 'readonly' : 'readwrite');
        const request = ask(transaction.objectStore(table));
        await new Promise<void>((resolve, reject) => {
          transaction.addEventListener('complete', () => resolve());
          transaction.addEventListener('abort', () =>
            reject(transaction.error ?? new Error('the transaction was aborted')),
          );
        });
        return request.result;
      } finally {
        open.close();
      }
    } catch (cause) {
      throw new FileError(`cannot ${doing} ${nameOf(key)}: ${String(cause)}.`, { cause });
    }
  };
  return {
    nameOf,
    read: async (key) => {
      const found = await run<unknown>('read', key, (texts) => texts.get(key));
      // The parser rejects anything else.
      return found === undefined || typeof found === 'string' ? found : JSON.stringify(found);
    },
    write: async (key, text) => void (await run('write', key, (texts) => texts.put(text, key))),
    remove: async (key) => run('remove', key, (texts) => texts.delete(key)),
  };
}

function openDatabase(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.addEventListener('upgradeneeded', () => void request.result.createObjectStore(table));
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () =>
      reject(request.error ?? new Error('the database cannot be opened')),
    );
  });
}
