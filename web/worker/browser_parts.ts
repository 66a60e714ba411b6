/** What a session takes from the browser it runs in: device, files, images, and the models that come with the page. */
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

/** A model that comes with the page: one safetensors file, and what its classes are called. */
export interface ShippedModel {
  readonly file: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly classNames: readonly string[];
}

/** All of it can be stood in for; tests do. */
export interface SessionOptions {
  readonly openDevice?: () => Promise<Device>;
  readonly source?: Omit<DataSource, 'custom'>;
  /** Where the session is kept; undefined where the browser keeps no files. */
  readonly openFolder?: () => Promise<Folder | undefined>;
  /** The lock that one tab of several holds. */
  readonly lockName?: string;
  /** How long a tab that was closed may take to give the lock up; this tab's own past self, five times as long. */
  readonly lockPatienceMs?: number;
  /** Training between two saves, in milliseconds. */
  readonly saveEveryMs?: number;
  /** The model for a data set. Throws: FileError. */
  readonly fetchShipped?: (base: string, name: DatasetName) => Promise<ShippedModel>;
}

/** `base` is asked when the session has started. */
export function browserParts(base: () => string): Required<SessionOptions> {
  return {
    openDevice: async () => {
      const device = await open();
      await loadFamilyShaders(device);
      await useStoredKernels(device);
      return device;
    },
    source: {
      index: async () => {
        const response = await fetched(base(), 'data/index.json');
        return response.json() as Promise<Readonly<Record<string, string | null>>>;
      },
      whole: async (name, options) => (await onDemand()).fetchDataset(`${base()}data/`, name, options),
      test: async (name) => {
        const { fetchDataset } = await onDemand();
        return (await fetchDataset(`${base()}data/`, name, { parts: 'test' })).test;
      },
    },
    openFolder: async () => ((await isOpfsUsable()) ? openOpfsFolder('session') : undefined),
    lockName: 'shadegrad session',
    lockPatienceMs: 3000,
    saveEveryMs: 5000,
    fetchShipped,
  };
}

async function fetchShipped(base: string, name: DatasetName): Promise<ShippedModel> {
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
