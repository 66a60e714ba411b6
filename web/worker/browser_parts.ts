/** The dependencies of a session in a browser: device, files, images, and the built-in models. */
import { open } from '../../src/browser/open.js';
import { isOpfsUsable, openOpfsFolder } from '../../src/browser/opfs_folder.js';
import { useStoredKernels } from '../../src/browser/tuning_store.js';
import type { DatasetName } from '../../src/data/digests.js';
import type { Device } from '../../src/engine/device.js';
import { FileError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import type { DataSource } from './data_sets.js';
import { loadFamilyShaders } from './family_shaders.js';
import { onDemand } from './on_demand_script.js';

/** A model that the page ships: a safetensors file and its class names. */
export interface BuiltInModel {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly classNames: readonly string[];
}

/** Tests replace all of these. */
export interface SessionOptions {
  readonly openDevice?: () => Promise<Device>;
  readonly source?: Omit<DataSource, 'custom'>;
  /** The folder for the session; undefined if the browser cannot store files. */
  readonly openFolder?: () => Promise<Folder | undefined>;
  /** The lock that only one tab holds. */
  readonly lockName?: string;
  /** How long to wait for a closed tab to release the lock; five times as long after a reload of this tab. */
  readonly lockTimeoutMs?: number;
  /** Milliseconds of training between two saves. */
  readonly saveEveryMs?: number;
  /** The built-in model for a data set. Throws: FileError. */
  readonly fetchBuiltIn?: (name: DatasetName) => Promise<BuiltInModel>;
}

/** `base`: where `data/` and `models/` are. */
export function browserParts(base: string): Required<SessionOptions> {
  return {
    openDevice: async () => {
      const device = await open();
      await loadFamilyShaders(device);
      await useStoredKernels(device);
      return device;
    },
    source: {
      index: async () => {
        const response = await fetched(base, 'data/index.json');
        return response.json() as Promise<Readonly<Record<string, string | null>>>;
      },
      whole: async (name, options) => (await onDemand()).fetchDataset(`${base}data/`, name, options),
      test: async (name) => {
        const { fetchDataset } = await onDemand();
        return (await fetchDataset(`${base}data/`, name, { parts: 'test' })).test;
      },
    },
    openFolder: async () => ((await isOpfsUsable()) ? openOpfsFolder('session') : undefined),
    lockName: 'shadegrad session',
    lockTimeoutMs: 3000,
    saveEveryMs: 5000,
    fetchBuiltIn: async (name) => fetchBuiltIn(base, name),
  };
}

async function fetchBuiltIn(base: string, name: DatasetName): Promise<BuiltInModel> {
  const file = `models/${name}.safetensors`;
  const [bytes, about] = await Promise.all([
    fetched(base, file).then(async (response) => response.arrayBuffer()),
    fetched(base, `models/${name}.json`).then(async (response) => response.json() as Promise<unknown>),
  ]);
  const { classes } = about as { readonly classes: readonly string[] };
  return { file, bytes: new Uint8Array(bytes), classNames: classes };
}

async function fetched(base: string, file: string): Promise<Response> {
  const response = await fetch(`${base}${file}`).catch((cause: unknown) => {
    throw new FileError(`cannot fetch ${file} (${String(cause)}).`, { cause, problem: 'network' });
  });
  if (!response.ok) {
    throw new FileError(`cannot fetch ${file}: the server answers HTTP ${response.status}.`, {
      problem: response.status === 404 ? 'missing' : 'network',
    });
  }
  return response;
}
