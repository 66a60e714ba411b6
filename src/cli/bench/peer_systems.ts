/** The systems that shadegrad is compared with: their runners, and how to install them. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { PeerOptions } from '../commands.js';
import type { PeerSystem } from './peer_comparison.js';

/** The folder bench/peers, relative to dist/cli or to this file; undefined in an installed package, which lacks it. */
export function peersFolder(): string | undefined {
  const here = dirname(fileURLToPath(import.meta.url));
  const places = [join(here, '../../bench/peers'), join(here, '../../../bench/peers')];
  return places.find((folder) => existsSync(join(folder, 'package.json')));
}

/** shadegrad first, then the others. `cli` is the path of the command line's script. */
export function peerSystems(folder: string, cli: string, { device, tune }: PeerOptions): PeerSystem[] {
  const script = (name: string, file: string): PeerSystem => ({
    name,
    commands: [{ command: process.execPath, args: [join(folder, file)] }],
    remedy: "run 'npm ci' in bench/peers (needs network access)",
  });
  const own = [
    cli,
    'bench-peer',
    ...(device === undefined ? [] : ['--device', device]),
    ...(tune ? [] : ['--no-tune']),
  ];
  return [
    { name: 'shadegrad', commands: [{ command: process.execPath, args: own }], remedy: '' },
    script('tfjs', 'tfjs.mjs'),
    script('jax-js', 'jax.mjs'),
    script('ONNX Runtime', 'onnxruntime.mjs'),
    {
      name: 'PyTorch',
      commands: pythons.map((command) => ({ command, args: [join(folder, 'pytorch.py')] })),
      remedy: "install it for python3, for instance with 'apt-get install python3-torch' on Debian",
    },
  ];
}

/** The system's Python may have PyTorch even if the first python3 in PATH does not. */
const pythons = ['python3', '/usr/bin/python3', 'python'];

/**
 * Installs the JavaScript peers, unless they are installed from the current lock file. Needs network access and 400 MB.
 * A failure is printed; the missing systems are then skipped.
 */
export async function installPeers(folder: string, say: (line: string) => void): Promise<void> {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const stamp = join(folder, 'node_modules', '.installed-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('Installing the peers in bench/peers (400 MB) …');
  const failure = await npmCi(folder);
  if (failure === undefined) writeFileSync(stamp, lock);
  else say(`bench: 'npm ci' in bench/peers failed: ${failure}`);
}

/** Resolves with npm's error if it fails. */
async function npmCi(cwd: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const shell = process.platform === 'win32'; // npm is a .cmd file there
    const child = spawn('npm', ['ci', '--prefix', '.', '--loglevel=error'], {
      cwd,
      shell,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) => {
      const lines = errors.split('\n').filter((line) => line.startsWith('npm error'));
      resolve(status === 0 ? undefined : (lines[0] ?? `status ${status}`));
    });
  });
}
