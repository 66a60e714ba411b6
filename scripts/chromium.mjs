// How tests and scripts start a Chromium with WebGPU: which browser, with which environment and flags.
//
//   SHADEGRAD_CHROMIUM=/usr/bin/chromium   this browser
//   SHADEGRAD_CHROMIUM=none                no browser; tests that need one count as skipped
//   unset                                  the one from npm (scripts/install_chromium.mjs; Linux on x86-64), otherwise an
//                                          installed Chrome, Chromium or Edge
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

/** @typedef {{ executablePath: string, env: Record<string, string>, args: string[] }} ChromiumLaunchOptions */

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Where scripts/install_chromium.mjs unpacks Chromium: if it exists, it is complete. */
export const chromiumFolder = join(root, 'node_modules', '.cache', 'shadegrad', 'chromium');

const args = [
  '--enable-unsafe-webgpu', // a software adapter counts as an adapter
  '--no-sandbox', // which containers and root do not allow
  '--disable-gpu-watchdog', // it ends a graphics process that waits for a busy processor
  // Chromium fetches only what a page requests.
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-quic',
  '--disable-sync',
  '--no-first-run',
];

const { LOCALAPPDATA = '', PROGRAMFILES = '', 'PROGRAMFILES(X86)': programFiles86 = '' } = process.env;
/** Where browsers with WebGPU are installed. */
const installedPaths =
  {
    darwin: ['Google Chrome', 'Chromium', 'Microsoft Edge'].map(
      (name) => `/Applications/${name}.app/Contents/MacOS/${name}`,
    ),
    linux: [
      '/opt/google/chrome/chrome',
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/snap/bin/chromium',
      '/opt/microsoft/msedge/msedge',
    ],
    win32: [PROGRAMFILES, programFiles86, LOCALAPPDATA].flatMap((folder) => [
      `${folder}\\Google\\Chrome\\Application\\chrome.exe`,
      `${folder}\\Microsoft\\Edge\\Application\\msedge.exe`,
    ]),
  }[/** @type {string} */ (process.platform)] ?? [];

/**
 * The browser to use, as options for playwright's `chromium.launch` or vitest's provider; or the reason why there is none,
 * to complete "Tests in a browser are skipped: …".
 * @returns {{ launchOptions: ChromiumLaunchOptions } | { reason: string }}
 */
export function findChromium() {
  const named = process.env['SHADEGRAD_CHROMIUM'];
  if (named === 'none') return { reason: 'SHADEGRAD_CHROMIUM is none.' };
  if (named) {
    if (!existsSync(named)) throw new Error(`SHADEGRAD_CHROMIUM: there is no file ${named}.`);
    return { launchOptions: { executablePath: named, env: environment(), args } };
  }
  const fromNpm = join(chromiumFolder, 'chromium');
  if (existsSync(fromNpm))
    return { launchOptions: { executablePath: fromNpm, env: { ...environment(), ...packaged() }, args } };
  const installed = installedPaths.find((path) => existsSync(path));
  if (installed !== undefined)
    return { launchOptions: { executablePath: installed, env: environment(), args } };
  return {
    reason: 'no Chrome, Chromium or Edge was found; install one, or name it with SHADEGRAD_CHROMIUM=<path>.',
  };
}

/**
 * Options for playwright's `chromium.launch`.
 *
 * Throws: Error if there is no browser.
 * @returns {ChromiumLaunchOptions}
 */
export function chromiumLaunchOptions() {
  const found = findChromium();
  if ('reason' in found) throw new Error(`No browser: ${found.reason}`);
  return found.launchOptions;
}

/** The libraries and fonts next to the Chromium from npm, for machines without them. */
function packaged() {
  const folders = [join(chromiumFolder, 'lib'), chromiumFolder, process.env['LD_LIBRARY_PATH']];
  return {
    LD_LIBRARY_PATH: folders.filter(Boolean).join(delimiter),
    FONTCONFIG_FILE: join(chromiumFolder, 'fonts.conf'),
  };
}

/** @returns {Record<string, string>} */
function environment() {
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
