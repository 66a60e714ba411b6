/**
 * The page's Content Security Policy (CSP):
 *   during a whole visit, page and worker send no request to another origin, and never violate the policy
 *   the policy is enforced: no inline script or style, no markup and no code from strings, no request to another origin, by
 *   the page or by its worker
 *   likewise for static files on a plain server that sends no policy: the page has one in a <meta> element
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { serve } from '../../src/cli/demo.js';
import { kindOf } from '../../src/cli/demo/served_file.js';
import { download, section, train } from './acts.js';
import { type Visits, tiny, useVisits, whenPredicted } from './page.js';

const root = path.resolve(import.meta.dirname, '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'shadegrad-static-'));

const served = useVisits();
const plain = useVisits({ server: plainServer(), folder: 'pages/of/shadegrad/' });

/** Another origin that allows all requests and counts them. */
let elsewhere: { readonly server: Server; readonly address: string; count: number };

beforeAll(async () => {
  for (const command of [
    ['scripts/build.mjs'],
    ['scripts/build_page.mjs'],
    ['dist/cli.mjs', 'demo', '--build', folder],
  ])
    execFileSync(process.execPath, command, { cwd: root, stdio: 'pipe' });
  const server = createServer((_, response) => {
    elsewhere.count++;
    response.writeHead(200, { 'Access-Control-Allow-Origin': '*' }).end();
  });
  elsewhere = { server, address: (await serve(server, 0)).address, count: 0 };
});
afterAll(() => {
  elsewhere.server.close();
  rmSync(folder, { recursive: true });
});

/** A simple static server: unchanged files, with no header except their type. */
function plainServer(): Server {
  return createServer((request, response) => {
    const [, name] = /^\/pages\/of\/shadegrad\/([^?]*)/.exec(request.url ?? '') ?? [];
    try {
      const contents = readFileSync(path.join(folder, name || 'index.html'));
      const { type } = kindOf({ name: name || 'index.html', contents });
      response.writeHead(200, { 'Content-Type': type }).end(contents);
    } catch {
      response.writeHead(404).end();
    }
  });
}

/** A page that records violations of its policy. */
async function open(visits: Visits): Promise<Page> {
  const context = await visits.profile({ acceptDownloads: true });
  await context.addInitScript(`
    globalThis.refused = [];
    addEventListener('securitypolicyviolation', ({ effectiveDirective }) => refused.push(effectiveDirective))`);
  return context.newPage();
}

const refused = async (page: Page): Promise<string[]> => page.evaluate<string[]>('refused');

/** All actions that cause requests: models, images, shaders, downloads. */
async function visit(page: Page): Promise<void> {
  await section(page, 'Draw a digit').getByRole('button', { name: 'Test images' }).click();
  await page.getByRole('listbox', { name: 'Test images' }).getByRole('option').nth(1).click();
  await train(page);
  await section(page, 'Results').scrollIntoViewIfNeeded();
  await section(page, 'Results').getByRole('button', { name: 'Test', exact: true }).click();
  await section(page, 'Results').locator('.matrix button').first().waitFor();
  await section(page, 'Data').scrollIntoViewIfNeeded();
  await section(page, 'Data').locator('.previews canvas').first().waitFor();
  await section(page, 'Inside').scrollIntoViewIfNeeded();
  await section(page, 'Inside').locator('pre').waitFor();
  expect((await download(page)).bytes.length).toBeGreaterThan(10_000);
  await page.reload();
  await whenPredicted(page);
}

test.each([
  ['the demo server', served],
  ['a plain server', plain],
])('a whole visit to %s, with nothing asked of another origin, nothing refused', async (_, visits) => {
  const page = await open(visits);
  const asked: string[] = [];
  page.context().on('request', (request) => asked.push(request.url()));
  await page.goto(`${visits.address}?${tiny}`);
  await whenPredicted(page);
  await visit(page);
  expect(await refused(page)).toEqual([]);
  // page.ts checks the page's requests in every test; these are the worker's.
  for (const name of [
    'models/digits.safetensors',
    'data/digits/manifest.json',
    'data/digits/t10k-images-idx3-ubyte.gz',
  ])
    expect(asked).toContain(visits.address + name);
  expect(asked.filter((url) => !url.startsWith(visits.address) && !url.startsWith(`blob:`))).toEqual([]);
});

/** Attacks by the directive that blocks them. Each runs in the page and may throw. */
const attempts: readonly (readonly [directive: string, script: string])[] = [
  [
    'require-trusted-types-for',
    `document.body.append(Object.assign(document.createElement('script'), { text: 'globalThis.isIn = true' }))`,
  ],
  ['require-trusted-types-for', `document.body.innerHTML += '<img src=x onerror="globalThis.isIn = true">'`],
  ['require-trusted-types-for', `document.body.setAttribute('onclick', 'globalThis.isIn = true')`],
  ['style-src-attr', `document.body.setAttribute('style', 'display: none')`],
  [
    'style-src-elem',
    `document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { display: none }' }))`,
  ],
  ['connect-src', `void fetch('ELSEWHERE')`],
  ['connect-src', `navigator.sendBeacon('ELSEWHERE', 'x')`],
  ['connect-src', `new WebSocket('ELSEWHERE'.replace('http', 'ws'))`],
  ['img-src', `new Image().src = 'ELSEWHERE'`],
  [
    'frame-src',
    `document.body.append(Object.assign(document.createElement('iframe'), { src: 'ELSEWHERE' }))`,
  ],
  [
    'form-action',
    `(() => { const form = document.createElement('form'); form.action = 'ELSEWHERE'; document.body.append(form); form.submit(); })()`,
  ],
];

test.each([
  ['the demo server', served],
  ['a plain server', plain],
])('attacks on the page of %s are blocked', async (_, visits) => {
  const page = await open(visits);
  await page.goto(visits.address);
  await whenPredicted(page);
  // The other origin would respond.
  expect((await fetch(elsewhere.address)).status).toBe(200);
  elsewhere.count = 0;

  for (const [directive, script] of attempts) {
    await page.evaluate('refused.length = 0');
    const tried = script.replaceAll('ELSEWHERE', elsewhere.address);
    await page.evaluate(`try { ${tried} } catch {}`);
    await expect.poll(async () => refused(page), { message: script }).toContain(directive);
  }
  expect(await page.evaluate('globalThis.isIn')).toBe(undefined);
  expect(await page.evaluate('getComputedStyle(document.body).display')).toBe('block');
  expect(elsewhere.count).toBe(0);
  visits.takeProblems();
});

test('the worker of the demo server can fetch and import nothing from another origin', async () => {
  const page = await served.visit();
  const [worker] = page.workers();
  const outcome = async (script: string): Promise<unknown> =>
    worker!.evaluate(`(async () => ${script})().then(() => 'done', ({ name }) => name)`);
  elsewhere.count = 0;
  expect(await outcome(`fetch('${elsewhere.address}')`)).toBe('TypeError');
  expect(await outcome(`import('${elsewhere.address}')`)).toBe('TypeError');
  expect(await outcome(`fetch('shaders.json')`)).toBe('done');
  expect(elsewhere.count).toBe(0);
  served.takeProblems();
});
