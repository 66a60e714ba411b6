import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vitest/config';

/** Imports a shader as its text, as esbuild's text loader does in the build. */
const wgslAsText: Plugin = {
  name: 'wgsl-as-text',
  enforce: 'pre',
  load(id) {
    return id.endsWith('.wgsl') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : null;
  },
};

// A crash of the driver ends only the process of its own test file.
const pool = 'forks';

export default defineConfig({
  plugins: [wgslAsText],
  test: {
    reporters: ['default', './scripts/count_reporter.mjs'],
    passWithNoTests: true,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], pool },
      },
      {
        extends: true,
        test: {
          name: 'device',
          include: ['test/device/**/*.test.ts'],
          pool,
          // A software device uses every core: two files at once would only fight, and spoil each other's time limits.
          fileParallelism: false,
          // The first dispatch of a pipeline compiles in the driver: seconds on a software device, and a test of an op
          // compiles all its variants. Only a hang takes this long.
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
