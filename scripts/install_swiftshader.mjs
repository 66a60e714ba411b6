// Unpacks SwiftShader, a software Vulkan driver, for machines without any other; called by scripts/setup.sh.
//
// It comes with Chromium from npm (Linux on x86-64 only): from the one unpacked for browser tests, otherwise
// from a separate download.
//
// The contract with the openers of devices: when VK_DRIVER_FILES is unset and the file
//     node_modules/.cache/shadegrad/vulkan.json    {"driverFiles": "…/vk_swiftshader_icd.json", "loader": "…/libvulkan.so.1"}
// exists, set process.env.VK_DRIVER_FILES to `driverFiles` before the first create() of the package webgpu.
// `loader`, the Vulkan loader that belongs to it, needs no action: if the system has none, this script puts a copy next to
// dawn.node, where Dawn searches for it.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromiumFolder } from './chromium.mjs';
import { fetchNpmChromium, fileIn } from './npm_chromium.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folder = join(root, 'node_modules', '.cache', 'shadegrad');
export const vulkanSettingsPath = join(folder, 'vulkan.json');

const driver = 'libvk_swiftshader.so';
const manifest = 'vk_swiftshader_icd.json';
const loader = 'libvulkan.so.1';

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    install();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}

function install() {
  const contentsOf = openSource();
  mkdirSync(folder, { recursive: true });
  for (const name of [driver, manifest, loader]) write(name, contentsOf(name));
  const settings = { driverFiles: join(folder, manifest), loader: join(folder, loader) };
  write('vulkan.json', JSON.stringify(settings, null, 2) + '\n');

  if (probes()) return;
  copyFileSync(settings.loader, join(root, 'node_modules', 'webgpu', 'dist', 'linux-x64', loader));
  if (probes()) return;
  rmSync(vulkanSettingsPath);
  throw new Error('SwiftShader was unpacked, but does not provide a working WebGPU adapter either.');
}

/** Returns a function from file names to contents. */
function openSource() {
  if (existsSync(chromiumFolder))
    return (/** @type {string} */ name) => readFileSync(join(chromiumFolder, name));
  const archive = fetchNpmChromium().archive('swiftshader');
  return (/** @type {string} */ name) => fileIn(archive, name).contents;
}

/**
 * Writes to a temporary name first, so that a killed process leaves no partial library.
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
