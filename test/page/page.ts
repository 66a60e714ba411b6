/**
 * The real page, served by the real server, in a real Chromium: one server and one browser per test file, a new profile per
 * test. A test fails if the page logs an error, throws, or sends a request to another origin.
 */
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import path from 'node:path';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
  chromium,
} from 'playwright';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { buildPage } from '../../scripts/build_page.mjs';
import { findChromium } from '../../scripts/chromium.mjs';
import { fileTable, serve } from '../../src/cli/demo.js';
import { createPageServer } from '../../src/cli/demo/server.js';
import { findDataset } from '../../src/node/datasets.js';

/** The folder for screenshots of failed tests. */
const pictures = path.resolve('node_modules/.cache/shadegrad/pictures');

export interface Visits {
  readonly browser: Browser;
  /** Ends in a slash. */
  readonly address: string;
  /** A new profile, whose errors and requests are checked. */
  profile(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** The page at `?query` in a new profile, when a model has predicted. */
  visit(query?: string, options?: BrowserContextOptions): Promise<Page>;
  /** The errors so far. A test that provokes errors removes them. */
  takeProblems(): string[];
}

/** A training that takes seconds: 96 training images, 24 validation images. */
export const tiny = 'model=mlp&limit=120&batch=8&epochs=2';

export interface VisitOptions {
  /** Arguments of the browser, in addition to the default ones. */
  readonly flags?: readonly string[];
  /** The data sets that the server has. Default: those of this machine. */
  readonly find?: typeof findDataset;
  /** Replaces the page's server. */
  readonly server?: Server;
  /** The page's folder on that server, such as `some/folder/`. */
  readonly folder?: string;
}

export function useVisits({
  flags = [],
  find = findDataset,
  server = pageServer(find),
  folder = '',
}: VisitOptions = {}): Visits {
  const profiles: BrowserContext[] = [];
  const problems: string[] = [];
  let browser: Browser | undefined;
  let address = '';

  const profile = async (options: BrowserContextOptions = {}): Promise<BrowserContext> => {
    if (!browser) throw new Error('useVisits: a profile is opened inside a test.');
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    context.setDefaultTimeout(180_000);
    context.on('request', (request) => {
      const url = request.url();
      const isOwn = url.startsWith(address) || url.startsWith(`blob:${address}`) || url.startsWith('data:');
      if (!isOwn) problems.push(`a request to ${url}`);
    });
    context.on('console', (message) => {
      if (message.type() === 'error') problems.push(`console: ${message.text()}`);
    });
    context.on('weberror', (error) => problems.push(`thrown: ${error.error().message}`));
    profiles.push(context);
    return context;
  };

  beforeAll(async () => {
    address = (await serve(server, 0)).address + folder;
    const found = findChromium();
    if (!('launchOptions' in found)) throw new Error(found.reason);
    const { launchOptions } = found;
    browser = await chromium.launch({ ...launchOptions, args: [...launchOptions.args, ...flags] });
  });
  afterEach(async ({ task }) => {
    const isFailed = task.result?.state === 'fail';
    for (const context of profiles.splice(0)) {
      if (isFailed) await picture(context, task.name);
      await context.close();
    }
    expect(problems.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
    server.close();
  });

  return {
    get browser() {
      if (!browser) throw new Error('useVisits: asked for the browser outside a test.');
      return browser;
    },
    get address() {
      return address;
    },
    profile,
    visit: async (query = '', options = {}) => {
      const page = await (await profile(options)).newPage();
      await page.goto(`${address}?${query}`);
      await whenPredicted(page);
      return page;
    },
    takeProblems: () => problems.splice(0),
  };
}

const pageFiles = await buildPage();

function pageServer(find: typeof findDataset): Server {
  const files = new Map([...pageFiles].map(([name, contents]) => [name, { name, contents }]));
  const has = async (name: Parameters<typeof find>[0]): Promise<boolean> => (await find(name)) !== undefined;
  return createPageServer(fileTable(files, { find, has }));
}

/** Resolves when the page shows a prediction. */
export async function whenPredicted(page: Page): Promise<void> {
  await page
    .locator('#draw')
    .getByText(/ms, computed (through|in) /)
    .waitFor();
}

/** From the next navigation on, the page's worker has no WebGPU. */
export async function withoutWebGpu(page: Page): Promise<void> {
  // Only the worker uses WebGPU, and init scripts do not run there.
  await page.route('**/worker.js', async (route) => {
    const response = await route.fetch();
    const head =
      "Object.defineProperty(self.navigator.constructor.prototype, 'gpu', { value: undefined });\n";
    await route.fulfill({ response, body: head + (await response.text()) });
  });
}

/** Ends the browser's GPU process, as when a driver is restarted. */
export async function crashGraphics({ browser }: Visits): Promise<void> {
  const session = await browser.newBrowserCDPSession();
  // The response, if any, arrives when the process has ended.
  await session.send('Browser.crashGpuProcess').catch(() => undefined);
  await session.detach();
}

async function picture(context: BrowserContext, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const [i, page] of context.pages().entries()) {
    const file = path.join(pictures, `${name.replaceAll(/\W+/g, '_')}_${i}.png`);
    await page.screenshot({ path: file, fullPage: true }).catch(() => undefined);
  }
}
