/**
 * The shaders that the build leaves out of the worker's script (scripts/build_page.mjs). Those for the device's family are
 * fetched when the device is opened, those that only trainings use before a training is planned.
 */
import type { Device } from '../../src/engine/device.js';
import { registerShaders } from '../../src/engine/shader.js';
import { FileError } from '../../src/errors.js';
import { assertSameBuild, isBuilt } from './same_build.js';

interface ShaderFile {
  readonly build: string;
  readonly shaders: Readonly<Record<string, string>>;
}

const loaded = new Map<string, Promise<void>>();

/** Loads the shaders of predictions. Throws: FileError if the file cannot be fetched, or belongs to another build. */
export async function loadFamilyShaders({ traits }: Pick<Device, 'traits'>): Promise<void> {
  return load(`shaders_${traits.family}.json`);
}

/** Loads the shaders of gradients, losses, updates and augmentation. Throws: as `loadFamilyShaders`. */
export async function loadTrainingShaders({ traits }: Pick<Device, 'traits'>): Promise<void> {
  return load(`shaders_${traits.family}_training.json`);
}

/** Loads a file once; the next call retries a failed attempt. */
async function load(file: string): Promise<void> {
  // The sources that run unbuilt, as in tests, contain all shaders.
  if (!isBuilt) return;
  let loading = loaded.get(file);
  if (!loading) {
    loading = fetchShaders(file);
    loaded.set(file, loading);
    loading.catch(() => loaded.delete(file));
  }
  return loading;
}

async function fetchShaders(file: string): Promise<void> {
  let fetched: ShaderFile;
  try {
    const response = await fetch(new URL(file, import.meta.url));
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    fetched = (await response.json()) as ShaderFile;
  } catch (cause) {
    throw new FileError(
      `the kernels of this page (${file}) could not be loaded (${String(cause)}). Check that its server is running, then reload.`,
      { cause, problem: 'network' },
    );
  }
  assertSameBuild(fetched.build);
  registerShaders(fetched.shaders);
}
