/**
 * The demo's server, requested through raw sockets, because HTTP clients normalise URLs:
 *   the page, its types, packing, ETag and 304, HEAD; security headers in every response
 *   no way out of the table: traversal in every spelling, names of objects, the folder of data
 *   methods, hosts (DNS rebinding), nonsense
 *   data sets: manifest and files fit each other and the reader of the page; absent ones; a fault is reported, and the
 *   server continues
 * Then the command: port taken, wrong options, folders to write into, and Ctrl-C, in processes of its own.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import path from 'node:path';
import process from 'node:process';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../scripts/build.mjs';
import { fileTable, serve } from '../../src/cli/demo.js';
import { pageFileNames } from '../../src/cli/demo/page_files.js';
import type { ServedFile } from '../../src/cli/demo/served_file.js';
import { createPageServer } from '../../src/cli/demo/server.js';
import { knownDatasets } from '../../src/data/digests.js';
import { manifestFromJson } from '../../src/data/manifest.js';
import { FileError } from '../../src/errors.js';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const served = (name: string, words: string): [string, ServedFile] => [name, { name, contents: text(words) }];
const page = new Map([
  served('index.html', `<!doctype html>${'<p>hello</p>'.repeat(100)}`),
  served('page.js', 'start();'.repeat(100)),
  served('models/digits.safetensors', 'weights'),
]);

/** As found on a machine that has digits only; the images are few. */
const raw = {
  trainImages: Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9]),
  trainLabels: Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 4]),
  testImages: Uint8Array.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2]),
  testLabels: Uint8Array.from([0, 0, 8, 1, 0, 0, 0, 1, 5]),
};
let installed = new Set(['digits']);
let server: Server;
beforeAll(async () => {
  server = createPageServer(
    fileTable(page, {
      find: async (name) => (installed.has(name) ? raw : undefined),
      has: async (name) => installed.has(name),
    }),
  );
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Sends exactly these lines, and reads the answer to its end. */
async function send(lines: readonly string[], at: Server = server): Promise<Answer> {
  const { port } = at.address() as AddressInfo;
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () =>
      socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`),
    );
    socket
      .on('data', (chunk) => chunks.push(chunk))
      .on('end', resolve)
      .on('error', reject);
  });
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  const [first = '', ...fields] = all.subarray(0, end).toString('latin1').split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => [
      field.slice(0, field.indexOf(':')).toLowerCase(),
      field.slice(field.indexOf(':') + 2),
    ]),
  );
  return { status: Number(first.split(' ')[1]), headers, body: all.subarray(end + 4) };
}

const get = (address: string, ...fields: readonly string[]): Promise<Answer> =>
  send([`GET ${address} HTTP/1.1`, 'Host: 127.0.0.1:4173', ...fields]);

const protection = {
  'content-security-policy': expect.stringMatching(
    /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'$/,
  ) as string,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': expect.stringContaining('camera=()') as string,
};

describe('the page', () => {
  it.each(['/', '/index.html', '/?preset=quick'])('%s is index.html', async (address) => {
    const { status, headers, body } = await get(address);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      ...protection,
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    expect(body).toEqual(Buffer.from(page.get('index.html')!.contents));
  });

  it.each([
    ['/page.js', 'text/javascript; charset=utf-8'],
    ['/models/digits.safetensors', 'application/octet-stream'],
    ['/data/digits/manifest.json', 'application/json; charset=utf-8'],
    ['/data/digits/train-images-idx3-ubyte.gz', 'application/gzip'],
  ])('%s is %s', async (address, type) => {
    const { status, headers, body } = await get(address);
    expect({ status, type: headers['content-type'], length: headers['content-length'] }).toEqual({
      status: 200,
      type,
      length: String(body.length),
    });
  });

  it.each([
    ['br, gzip', 'br', brotliDecompressSync],
    ['gzip, deflate', 'gzip', gunzipSync],
  ] as const)('is packed for browsers that take %s', async (accepted, encoding, unpack) => {
    const { headers, body } = await get('/page.js', `Accept-Encoding: ${accepted}`);
    expect(headers).toMatchObject({ 'content-encoding': encoding, vary: 'Accept-Encoding' });
    expect(body.length).toBeLessThan(100);
    expect(unpack(body).toString()).toBe('start();'.repeat(100));
  });

  it('leaves packed files as they are', async () => {
    const { headers, body } = await get(
      '/data/digits/train-labels-idx1-ubyte.gz',
      'Accept-Encoding: br, gzip',
    );
    expect(headers['content-encoding']).toBeUndefined();
    expect(new Uint8Array(gunzipSync(body))).toEqual(raw.trainLabels);
  });

  it('is not sent again while it is the same', async () => {
    const { headers } = await get('/page.js', 'Accept-Encoding: br');
    const again = await get('/page.js', 'Accept-Encoding: br', `If-None-Match: ${headers['etag']}`);
    expect(again).toMatchObject({ status: 304, headers: protection });
    expect(again.body).toHaveLength(0);
    const other = await get('/page.js', `If-None-Match: ${headers['etag']}`);
    expect(other.status, 'another packing is another answer').toBe(200);
  });

  it('answers HEAD as GET, without the body', async () => {
    const { status, headers, body } = await send(['HEAD /page.js HTTP/1.1', 'Host: localhost']);
    expect({ status, length: headers['content-length'], body: body.length }).toEqual({
      status: 200,
      length: '800',
      body: 0,
    });
    const missing = await send(['HEAD /none HTTP/1.1', 'Host: localhost']);
    expect({ status: missing.status, body: missing.body.length }).toEqual({ status: 404, body: 0 });
  });
});

describe('what is not the page', () => {
  it.each([
    '/package.json',
    '/../package.json',
    '/../../../../../../../../etc/passwd',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/package.json',
    '/.%2e/package.json',
    '/..\\package.json',
    '/models/../../../package.json',
    '/models/../index.html',
    '/./index.html',
    '//index.html',
    '/index.html/',
    '/index%2ehtml',
    '/index.html%00.js',
    '/models/',
    '/models',
    '/data/',
    '/data/digits/',
    '/data/digits/../fashion/manifest.json',
    '/data/digits/../../../../etc/passwd',
    '/data/__proto__/manifest.json',
    '/__proto__',
    '/constructor',
    'index.html',
    'http://127.0.0.1/etc/passwd',
    '*',
  ])('%s', async (address) => {
    const { status, headers, body } = await get(address);
    expect({ status, words: body.toString().includes('doctype') }).toEqual({
      status: address === 'index.html' ? 400 : 404,
      words: false,
    });
    // What is no address never reaches us: Node refuses it.
    expect(status === 400 || 'content-security-policy' in headers).toBe(true);
  });

  it('an address without end', async () => {
    expect((await get(`/${'a'.repeat(10_000)}`)).status).toBe(404);
    expect((await get(`/${'a'.repeat(100_000)}`)).status).toBe(431);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE'])('%s', async (method) => {
    const { status, headers } = await send([`${method} / HTTP/1.1`, 'Host: 127.0.0.1', 'Content-Length: 0']);
    expect({ status, allow: headers['allow'] }).toEqual({ status: 405, allow: 'GET, HEAD' });
  });
});

describe('the host', () => {
  it.each(['127.0.0.1', '127.0.0.1:4173', 'localhost', 'localhost:9', 'LOCALHOST:80', '[::1]:4173'])(
    '%s is answered',
    async (host) => {
      expect((await send(['GET / HTTP/1.1', `Host: ${host}`])).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'evil.example:4173',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'evil.example@127.0.0.1',
    '127.0.0.1:4173.evil.example',
    '0.0.0.0:4173',
    '192.168.1.2',
    '',
  ])('%j is refused', async (host) => {
    const { status, headers, body } = await send(['GET / HTTP/1.1', `Host: ${host}`]);
    expect(status).toBe(403);
    expect(headers).toMatchObject(protection);
    expect(body.toString()).not.toContain('doctype');
  });

  it('is refused when it is not named, in the words of HTTP/1.0', async () => {
    expect((await send(['GET / HTTP/1.0'])).status).toBe(403);
  });
});

describe('data sets', () => {
  it('are described as the page reads it, and the files are those', async () => {
    const { body } = await get('/data/digits/manifest.json');
    const manifest = manifestFromJson(body.toString(), 'manifest');
    expect(manifest).toMatchObject({
      name: 'digits',
      title: 'digits (MNIST)',
      classes: knownDatasets.digits.classNames,
    });
    for (const [part, file] of Object.entries(manifest.files)) {
      const answer = await get(`/data/digits/${file.path}`);
      expect({ part, bytes: answer.body.length }).toEqual({ part, bytes: file.bytes });
      expect(new Uint8Array(gunzipSync(answer.body)), part).toEqual(raw[part as keyof typeof raw]);
      // Of the genuine files: what is served has been checked against these digests.
      expect(file.sha256).toBe(knownDatasets.digits.files[part as keyof typeof raw].sha256);
    }
  });

  it('that are not on this machine are not there, and the index says what to do, until they are installed', async () => {
    const index = async (): Promise<unknown> => JSON.parse((await get('/data/index.json')).body.toString());
    expect((await get('/data/fashion/manifest.json')).status).toBe(404);
    expect(await index()).toEqual({
      digits: null,
      fashion:
        "The clothing images (Fashion-MNIST) are not installed. Run 'npm run explore -- --dataset fashion', then reload this page.",
    });
    installed = new Set(['digits', 'fashion']);
    expect(await index()).toEqual({ digits: null, fashion: null });
    expect((await get('/data/fashion/manifest.json')).status).toBe(200);
  });

  it('that cannot be read: the page gets the reason, the server continues, and the next request tries again', async () => {
    let isReadable = false;
    const broken = createPageServer(
      fileTable(page, {
        find: () =>
          isReadable
            ? Promise.resolve(undefined)
            : Promise.reject(new FileError('cannot read train-images: no permission.')),
      }),
    );
    await new Promise<void>((resolve) => void broken.listen(0, '127.0.0.1', resolve));
    try {
      const { status, body } = await send(
        ['GET /data/digits/manifest.json HTTP/1.1', 'Host: localhost'],
        broken,
      );
      expect({ status, words: body.toString() }).toEqual({
        status: 500,
        words: 'cannot read train-images: no permission.\n',
      });
      expect((await send(['GET / HTTP/1.1', 'Host: localhost'], broken)).status).toBe(200);
      isReadable = true;
      const again = await send(['GET /data/digits/manifest.json HTTP/1.1', 'Host: localhost'], broken);
      expect(again.status).toBe(404);
    } finally {
      broken.close();
    }
  });
});

describe('the command', () => {
  const root = path.resolve(import.meta.dirname, '..', '..');
  let folder: string;
  let cli: string;

  /** The command line as it is built, in a folder from which it finds its packages, beside a page of a few words. */
  beforeAll(async () => {
    const near = path.join(root, 'node_modules', '.cache', 'shadegrad');
    mkdirSync(near, { recursive: true });
    folder = mkdtempSync(path.join(near, 'demo-test-'));
    cli = path.join(folder, 'cli.mjs');
    const { outputFiles = [] } = await bundle('cli.mjs');
    const dist = path.join(root, 'dist');
    for (const { path: file, contents } of outputFiles) {
      const copy = path.join(folder, path.relative(dist, file));
      mkdirSync(path.dirname(copy), { recursive: true });
      writeFileSync(copy, contents);
    }
    for (const name of pageFileNames) {
      mkdirSync(path.dirname(path.join(folder, 'page', name)), { recursive: true });
      writeFileSync(path.join(folder, 'page', name), `This is ${name}.`);
    }
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: readonly string[]): { status: number | null; stderr: string } =>
    spawnSync(process.execPath, [cli, 'demo', ...args], { encoding: 'utf8' });

  it('takes another port than the usual one when that is in use, but not than the one asked for', async () => {
    const first = createServer();
    const second = createPageServer(fileTable(page));
    try {
      const { address } = await serve(first);
      const other = await serve(second);
      expect(other.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
      expect(other.address).not.toBe(address);
      const { port } = new URL(address);
      const { status, stderr } = run('--port', port);
      expect({ status, stderr: stderr.replace(port, 'PORT') }).toMatchInlineSnapshot(`
        {
          "status": 1,
          "stderr": "demo: port PORT on 127.0.0.1 is in use by another program; choose another one, or leave out --port to use a free one.
        ",
        }
      `);
    } finally {
      first.close();
      second.close();
    }
  });

  it.each([[['--prot', '80']], [['--port', '0']], [['--port', 'high']], [['--build', 'x', 'y']]])(
    'refuses %j as a wrong use',
    (args) => {
      const { status, stderr } = run(...args);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^error: /);
    },
  );

  it('suggests the option that was meant', () => {
    expect(run('--prot', '80').stderr).toContain('Did you mean --port?');
  });

  it('prints its address as JSON, answers there, and ends at once on Ctrl-C', async () => {
    const demo = spawn(process.execPath, [cli, 'demo', '--json'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(demo.stdout, 'data')) as [Buffer];
      const { address } = JSON.parse(line.toString()) as { address: string };
      expect(await (await fetch(address)).text()).toBe('This is index.html.');
      demo.kill('SIGINT');
      expect(await once(demo, 'exit')).toEqual([130, null]);
    } finally {
      demo.kill('SIGKILL');
    }
  });

  it('writes over no other page, and not into a folder without a name', { timeout: 30_000 }, () => {
    const other = path.join(folder, 'other');
    mkdirSync(other);
    writeFileSync(path.join(other, 'index.html'), 'Mine.');
    const { status, stderr } = run('--build', other);
    expect({ status, stderr: stderr.replace(other, 'FOLDER') }).toMatchInlineSnapshot(`
      {
        "status": 1,
        "stderr": "demo: FOLDER holds index.html, but not this page, so it is not overwritten. Name another folder, or move that file away.
      ",
      }
    `);
    writeFileSync(path.join(other, 'page.css'), 'Mine.');
    rmSync(path.join(other, 'index.html'));
    expect(run('--build', other).stderr).toContain('holds page.css, but not this page');
    expect(readdirSync(other)).toEqual(['page.css']);
    expect(readFileSync(path.join(other, 'page.css'), 'utf8')).toBe('Mine.');
    expect(run('--build', '').status).toBe(2);
  });

  it('says on one line what is not built', () => {
    rmSync(path.join(folder, 'page', 'page.js'));
    const { status, stderr } = run();
    expect({ status, stderr: stderr.replace(folder, 'FOLDER') }).toMatchInlineSnapshot(`
      {
        "status": 1,
        "stderr": "demo: the page is not built: FOLDER/page/page.js is missing. Run 'npm run build', or use 'npm run demo', which builds the page.
      ",
      }
    `);
  });
});
