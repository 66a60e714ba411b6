// Unpacks SwiftShader, a Vulkan driver in software, for machines without any other; called by scripts/setup.sh.
//
// It comes out of the npm package @sparticuz/chromium (Linux on x86-64 only), which is fetched with `npm pack`:
// that leaves node_modules and the lock file alone, and works with whichever registry npm is set up for.
//
// The contract with whoever opens a device: when VK_DRIVER_FILES is unset and the file
//     node_modules/.cache/shadegrad/vulkan.json    {"driverFiles": "…/vk_swiftshader_icd.json", "loader": "…/libvulkan.so.1"}
// exists, set process.env.VK_DRIVER_FILES to `driverFiles` before the first create() of the package webgpu.
// Nothing need be done about `loader`, the Vulkan loader that goes with it: where the system has none, this script
// puts a copy beside dawn.node, where Dawn looks for it.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'node_modules', '.cache', 'shadegrad');
export const vulkanSettingsPath = join(folder, 'vulkan.json');

// Exactly this version: later ones need Node 22.
const packageSpec = '@sparticuz/chromium@147.0.0';
const packageSha512 =
  '4ZKeAQQa8up2mt675qSitztLdbQrlf8BKdC5naeap+5Mv1OV1OlJdPoU+EJC/p5sQUJUQmN4r+q5+EhaaOUHpQ==';
const driver = 'libvk_swiftshader.so';
const manifest = 'vk_swiftshader_icd.json';
const loader = 'libvulkan.so.1';

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    if (process.platform !== 'linux' || process.arch !== 'x64')
      throw new Error(
        `SwiftShader from npm is for Linux on x86-64 only, not ${process.platform} on ${process.arch}.`,
      );
    install();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

function install() {
  const wanted = [driver, manifest, loader];
  const archive = readTar(
    brotliDecompressSync(fileIn(gunzipSync(fetchPackage()), 'package/bin/swiftshader.tar.br')),
  );
  mkdirSync(folder, { recursive: true });
  for (const name of wanted) write(name, archive.get(name) ?? missing(name));
  const settings = { driverFiles: join(folder, manifest), loader: join(folder, loader) };
  write('vulkan.json', JSON.stringify(settings, null, 2) + '\n');

  if (probes()) return;
  copyFileSync(settings.loader, join(root, 'node_modules', 'webgpu', 'dist', 'linux-x64', loader));
  if (probes()) return;
  rmSync(vulkanSettingsPath);
  throw new Error('SwiftShader was unpacked, but gives no working WebGPU adapter either.');
}

/** The package as npm delivers it, a gzipped tar file of 68 MB. */
function fetchPackage() {
  // Without a network, npm's own patience would be a minute.
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
      throw new Error(`${packageSpec} is not the file it should be (SHA-512 ${sha512}).`);
    return bytes;
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}

/**
 * The regular files of a tar archive by name.
 * Source: POSIX.1-1988 ustar: blocks of 512 bytes; the name at 0, the size in octal at 124.
 * @param {Buffer} tar
 */
function readTar(tar) {
  /** @type {Map<string, Buffer>} */
  const files = new Map();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const text = (/** @type {number} */ from, /** @type {number} */ length) =>
      tar.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const size = Number.parseInt(text(124, 12), 8);
    files.set(text(0, 100), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

/**
 * @param {Buffer} tar
 * @param {string} name
 */
function fileIn(tar, name) {
  return readTar(tar).get(name) ?? missing(name);
}

/**
 * @param {string} name
 * @returns {never}
 */
function missing(name) {
  throw new Error(`${packageSpec} does not hold ${name}.`);
}

/**
 * Under a temporary name first, so that a process which is killed leaves no half of a library.
 * @param {string} name
 * @param {Buffer | string} contents
 */
function write(name, contents) {
  const path = join(folder, name);
  writeFileSync(`${path}.part`, contents);
  renameSync(`${path}.part`, path);
}

function probes() {
  const probe = join(root, 'scripts', 'probe_adapter.mjs');
  return spawnSync(process.execPath, [probe], { stdio: 'ignore' }).status === 0;
}
