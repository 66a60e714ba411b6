/** The version of the package that Dawn comes in. */
import { createRequire } from 'node:module';

export function webgpuVersion(): string {
  const { version } = createRequire(import.meta.url)('webgpu/package.json') as { version: string };
  return version;
}
