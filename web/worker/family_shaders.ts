/**
 * The shaders that the build leaves out of the worker's script (scripts/build_page.mjs), fetched when they are needed: those
 * of the device's family once the device is known, and those that no prediction takes before a training is planned.
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

/** What predictions take. Throws: FileError when the file cannot be fetched, or is of another build than this script. */
export async function loadFamilyShaders({ traits }: Pick<Device, 'traits'>): Promise<void> {
  return load(`shaders_${traits.family}.json`);
}

/** What trainings take besides: gradients, losses, updates, augmentation. Throws: as `loadFamilyShaders`. */
export async function loadTrainingShaders({ traits }: Pick<Device, 'traits'>): Promise<void> {
  return load(`shaders_${traits.family}_training.json`);
}

/** Loads a file once; a failed attempt is repeated by the next call. */
async function load(file: string): Promise<void> {
  // Where the sources run unbuilt, as in tests, nothing is left out.
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
    // Beside this script.
    const response = await fetch(new URL(file, import.meta.url));
    if (!response.ok) throw new Error(`the server answers HTTP ${response.status}`);
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
