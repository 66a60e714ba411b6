/**
 * Keeps two warnings of Dawn's off standard error: it prints them about the limits of a software adapter, at every start,
 * and has no switch for them. Only the command line does this, since standard error belongs to the process; the library
 * leaves it alone. Linux only, the one system whose drivers have such limits, and not with DEBUG set.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, type Stats } from 'node:fs';
import process from 'node:process';
import { isatty } from 'node:tty';
import { debugLevel } from '../engine/debug.js';

const stderr = 2;
const itself = `/proc/self/fd/${stderr}`;
const warnings = /^(Warning: maxDynamic\w+ artificially reduced from .*\n)+$/;

/** Runs `start`, which calls Dawn. What really goes wrong is thrown, not printed. */
export function quietly<T>(start: () => T): T {
  if (process.platform !== 'linux' || debugLevel() > 0) return start();
  const kind = kindOfStderr();
  if (kind?.isFile()) return erasing(start);
  // A socket cannot be opened again: there the warnings stay.
  if (kind?.isFIFO() || isatty(stderr)) return silenced(start);
  return start();
}

function kindOfStderr(): Stats | undefined {
  try {
    return fstatSync(stderr);
  } catch {
    return undefined; // The caller closed it.
  }
}

/** For terminals and pipes: standard error is /dev/null while `start` runs, then opened again. */
function silenced<T>(start: () => T): T {
  const saved = openSync(itself, 'a');
  closeSync(stderr);
  // The system gives the lowest free number: these two become descriptor 2, one after the other.
  const silent = openSync('/dev/null', 'w');
  try {
    return start();
  } finally {
    closeSync(silent);
    openSync(`/proc/self/fd/${saved}`, 'a');
    closeSync(saved);
  }
}

/**
 * For files: cuts the warnings off again where they are all that was written meanwhile. Opened again, the file would
 * have a position of its own, and lose what standard output or the shell writes to it.
 */
function erasing<T>(start: () => T): T {
  const { position, appends } = placeInFile();
  const end = fstatSync(stderr).size;
  try {
    return start();
  } finally {
    if ((appends || position === end) && warnings.test(textBehind(end))) {
      ftruncateSync(stderr, end);
      if (!appends) seek(stderr, position);
    }
  }
}

function placeInFile(): { readonly position: number; readonly appends: boolean } {
  const info = readFileSync(`/proc/self/fdinfo/${stderr}`, 'utf8');
  const [, position, flags] = /^pos:\s*(\d+)\nflags:\s*(\d+)/.exec(info) ?? [];
  const appendFlag = 0o2000;
  return { position: Number(position), appends: (Number.parseInt(flags ?? '0', 8) & appendFlag) !== 0 };
}

function textBehind(start: number): string {
  const file = openSync(itself, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - start);
    return bytes.toString('utf8', 0, readSync(file, bytes, { position: start }));
  } finally {
    closeSync(file);
  }
}

/** Moves a descriptor's position, which node:fs cannot do; WASI can, for the memory of a WebAssembly module. */
function seek(descriptor: number, position: number): void {
  const { emitWarning } = process;
  // Node calls WASI experimental when it is first loaded.
  process.emitWarning = () => undefined;
  const { WASI } = process.getBuiltinModule('node:wasi');
  process.emitWarning = emitWarning;
  const wasi = new WASI({ version: 'preview1', stderr: descriptor });
  wasi.start({ exports: { memory: new WebAssembly.Memory({ initial: 1 }), _start: () => undefined } });
  const { fd_seek: fdSeek } = wasi.wasiImport as { fd_seek: (...args: [number, bigint, 0, 0]) => number };
  fdSeek(stderr, BigInt(position), 0, 0);
}

/** As far as it is used here: Node's types lack it. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => object };
