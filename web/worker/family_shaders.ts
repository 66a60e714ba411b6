/**
 * The shaders of one device family. A page runs on one device, and needs the variants of its family only: the build
 * leaves both families' texts out of the worker's script (scripts/build_page.mjs), and they are fetched once the
 * device is known.
 */
import type { DeviceTraits } from '../../src/engine/primitive.js';
import { registerShaders } from '../../src/engine/shader.js';
import { FileError } from '../../src/errors.js';
import { assertSameBuild, isBuilt } from './on_demand_script.js';

interface FamilyShaders {
  readonly build: string;
  readonly shaders: Readonly<Record<string, string>>;
}

/** Throws: FileError when they cannot be fetched, or are of another build than this script. */
export async function loadFamilyShaders(base: string, family: DeviceTraits['family']): Promise<void> {
  // Where the sources run unbuilt, as in tests, nothing is left out.
  if (!isBuilt) return;
  const file = `shaders_${family}.json`;
  let fetched: FamilyShaders;
  try {
    const response = await fetch(`${base}${file}`);
    if (!response.ok) throw new Error(`the server answers HTTP ${response.status}`);
    fetched = (await response.json()) as FamilyShaders;
  } catch (cause) {
    throw new FileError(
      `the kernels of this page (${file}) could not be loaded (${String(cause)}). Check that its server is running, then reload.`,
      { cause, problem: 'network' },
    );
  }
  assertSameBuild(fetched.build);
  registerShaders(fetched.shaders);
}
