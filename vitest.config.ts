/**
 * Which tests run where, by folder:
 *   test/unit      in Node, without a device
 *   test/device    on a device, in Node; what depends on the driver again in Chromium
 *   test/node      on a device, in Node only: the command line, files, and whatever a browser would only repeat
 *   test/worker    the page's worker on a device, in Node, which compiles several times faster than Chromium
 *   test/browser   in Chromium only
 *   test/page      in Node, driving Chromium
 * Where there is no browser, what needs one counts as skipped (scripts/chromium.mjs).
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { findChromium } from './scripts/chromium.mjs';

/** Imports a shader as its text, as esbuild's text loader does in the build. */
const wgslAsText: Plugin = {
  name: 'wgsl-as-text',
  enforce: 'pre',
  load(id) {
    return id.endsWith('.wgsl') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : null;
  },
};

/** In Chromium, the browser's opener in place of the one that the tests of test/device use in Node. */
const openInBrowser: Plugin = {
  name: 'open-in-browser',
  enforce: 'pre',
  resolveId(id, importer) {
    const isOpener = id === './open.js' && importer?.startsWith(path.resolve('test/device'));
    return isOpener ? path.resolve('src/browser/open.ts') : null;
  },
};

/** The reverse: Node's opener for the page's worker. */
const openInNode: Plugin = {
  name: 'open-in-node',
  enforce: 'pre',
  resolveId(id, importer) {
    const isOpener = id.endsWith('/browser/open.js') && importer?.startsWith(path.resolve('test/worker'));
    return isOpener ? path.resolve('test/device/open.ts') : null;
  },
};

/** Vite tells how it prepares packages and which port is free; only that it loads a page anew is of interest. */
const quietVite: Plugin = {
  name: 'quiet-vite',
  configResolved({ logger }) {
    const { info } = logger;
    logger.info = (message, options) => (message.includes('reloading') ? info(message, options) : undefined);
  },
};

/** Files that replace a module, or depend on which layers were registered before. */
const alone = ['layer_registry', 'page_layers', 'renamed_kernels'].map((name) => `test/unit/${name}.test.ts`);

// A crash of the driver ends only the process of its own test file.
const pool = 'forks';

/** Files that take most of a minute, which begin first: at the end of a run, one of them would keep one core idle. */
const long = [
  'device/ops',
  'node/cli',
  'page/accessibility',
  'node/faults',
  'page/kept',
  'node/examples',
].map((name) => path.resolve(`test/${name}.test.ts`));

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification): number => (long.indexOf(moduleId) + 1 || Infinity) - 1;
    return sorted.sort((a, b) => (rank(a) === rank(b) ? 0 : rank(a) - rank(b)));
  }
}

const onDevice = {
  pool,
  // Two files at once: compiling, which is most of the work, uses one core. More would only fight, so those in Chromium
  // take turns with the others (groupOrder).
  fileParallelism: true,
  maxWorkers: 2,
  // The first dispatch of a pipeline compiles in the driver: seconds on a software device, and a test of an op
  // compiles all its variants. Only a hang takes this long.
  testTimeout: 600_000,
  hookTimeout: 600_000,
  // The same for what is waited for: a busy machine of two cores is several times slower than an idle one.
  expect: { poll: { timeout: 120_000, interval: 20 } },
} as const;

const chromium = findChromium();
const canBrowse = 'launchOptions' in chromium;
const skipAll = { testNamePattern: /$./ };

export default defineConfig({
  plugins: [wgslAsText],
  test: {
    reporters: ['default', './scripts/count_reporter.mjs'],
    passWithNoTests: true,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        // The files of a worker share what they import, which takes longer than the tests of most files.
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: alone,
          pool,
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: 'unit alone', include: alone, pool },
      },
      {
        extends: true,
        test: {
          ...onDevice,
          name: 'device',
          include: ['test/{device,node}/**/*.test.ts'],
          globalSetup: ['test/node/build_dist.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        plugins: [openInNode],
        test: {
          ...onDevice,
          name: 'worker',
          include: ['test/worker/**/*.test.ts'],
          setupFiles: ['test/worker/browser_locks.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        plugins: canBrowse ? [openInBrowser, quietVite] : [],
        // Found by chance in the midst of a run, it would have every page load again.
        optimizeDeps: { include: ['axe-core'] },
        test: {
          ...onDevice,
          name: 'browser',
          include: ['test/device/{image,ops,program,training}.test.ts', 'test/browser/**/*.test.ts'],
          sequence: { groupOrder: 2 },
          ...(canBrowse
            ? {
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  provider: playwright({ launchOptions: chromium.launchOptions }),
                  instances: [{ browser: 'chromium' }],
                },
              }
            : skipAll),
        },
      },
      {
        extends: true,
        test: {
          ...onDevice,
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          // The page is built once for all files.
          isolate: false,
          sequence: { groupOrder: 1 },
          ...(canBrowse ? {} : skipAll),
        },
      },
    ],
  },
});
