/**
 * Keeps two warnings of Dawn off standard error. Dawn prints them about the limits of a software adapter at every start,
 * and has no option to turn them off. Only the command line does this, because standard error belongs to the process, not
 * to a library. It does so on Linux only, where drivers have such limits, and not if DEBUG is set.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, readSync, type Stats } from 'node:fs';
import process from 'node:process';
import { isatty } from 'node:tty';
import { debugLevel } from '../engine/debug.js';

const stderr = 2;
const itself = `/proc/self/fd/${stderr}`;
const warnings = /^(Warning: maxDynamic\w+ artificially reduced from .*\n)+$/;

/** Runs `start`, which calls Dawn. Real errors are thrown, not printed. */
export function quietly<T>(start: () => T): T {
  if (process.platform !== 'linux' || debugLevel() > 0) return start();
  const kind = kindOfStderr();
  if (kind?.isFile()) return erasing(start);
  // A socket cannot be reopened, so its warnings stay.
  if (kind?.isFIFO() || isatty(stderr)) return silenced(start);
  return start();
}

function kindOfStderr(): Stats | undefined {
  try {
    return fstatSync(stderr);
  } catch {
    return undefined; // It is closed.
  }
}

/** For terminals and pipes: points standard error to /dev/null while `start` runs, then reopens it. */
function silenced<T>(start: () => T): T {
  const saved = openSync(itself, 'a');
  closeSync(stderr);
  // open() returns the lowest free descriptor: this one, and the one in `finally`, become descriptor 2.
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
 * For files: truncates the warnings afterwards, if nothing else was written meanwhile. A reopened file would have its own
 * position, and overwrite what standard output or the shell writes to the same file.
 */
function erasing<T>(start: () => T): T {
  const { position, appends } = placeInFile();
  const end = fstatSync(stderr).size;
  try {
    return start();
  } finally {
    if ((appends || position === end) && warnings.test(textAfter(end))) {
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

function textAfter(start: number): string {
  const file = openSync(itself, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - start);
    return bytes.toString('utf8', 0, readSync(file, bytes, { position: start }));
  } finally {
    closeSync(file);
  }
}

/** Moves a descriptor's position. node:fs cannot; WASI can, called without a real WebAssembly module. */
function seek(descriptor: number, position: number): void {
  const { emitWarning } = process;
  // Node warns that WASI is experimental when it is first loaded.
  process.emitWarning = () => undefined;
  const { WASI } = process.getBuiltinModule('node:wasi');
  process.emitWarning = emitWarning;
  const wasi = new WASI({ version: 'preview1', stderr: descriptor });
  wasi.start({ exports: { memory: new WebAssembly.Memory({ initial: 1 }), _start: () => undefined } });
  const { fd_seek: fdSeek } = wasi.wasiImport as { fd_seek: (...args: [number, bigint, 0, 0]) => number };
  fdSeek(stderr, BigInt(position), 0, 0);
}

/** The part that is used here; Node's types lack it. */
declare const WebAssembly: { readonly Memory: new (size: { readonly initial: number }) => object };
