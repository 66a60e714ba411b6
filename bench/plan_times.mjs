// Prints how long planning takes by the depth of a network, as a Markdown table: node bench/plan_times.mjs
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL('plan_times.ts', import.meta.url))],
  absWorkingDir: dirname(fileURLToPath(import.meta.url)),
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  loader: { '.wgsl': 'text' },
  write: false,
});
await import(
  `data:text/javascript;base64,${Buffer.from(/** @type {NonNullable<typeof outputFiles[0]>} */ (outputFiles[0]).contents).toString('base64')}`
);
