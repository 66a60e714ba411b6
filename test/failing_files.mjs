// Makes the n-th call of the file system fail, as a disk does that is full or breaks, or ends the process there, as a kill
// does. It patches `node:fs` and `node:fs/promises`, whose functions are imported by name: nothing under test needs a hook
// of its own.
//
//   const calls = failFileCalls({ under: folder, nth: 3, code: 'ENOSPC' });   in a test's own process
//   … calls.made, calls.restore()
//
//   FILE_CALLS='{"under":"/tmp/run","nth":3,"code":"KILL"}' node --import ./test/failing_files.mjs dist/cli.mjs train …
//
// Without `nth` nothing fails, and the calls are counted: a child process writes them to the file named by `log`.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';
import process from 'node:process';

/**
 * @typedef {object} FailingCalls
 * @property {string} under  Only calls that name this folder or something inside count.
 * @property {number} [nth]  Which of them fails, from 1; all others work.
 * @property {string} [code]  `ENOSPC` and so on, or `KILL` to end the process. Default EIO.
 * @property {'before' | 'midway' | 'after'} [when]  Whether a kill lets the call begin, or end. Default before.
 * @property {string} [log]  A file that gets a line per call.
 */

const names =
  'access appendFile lstat mkdir open opendir readFile readdir readlink realpath rm rmdir stat truncate unlink utimes writeFile';
const namesOfTwo = 'copyFile cp link rename symlink';
const namesOfHandles = 'appendFile close datasync read readFile stat sync truncate write writeFile';

/** @typedef {(...args: unknown[]) => unknown} Call */

const { appendFileSync } = fs;

/**
 * @param {FailingCalls} options
 * @returns {{ readonly made: readonly string[], restore(): void }}
 */
export function failFileCalls({ under, nth, code = 'EIO', when = 'before', log }) {
  const root = resolve(under);
  /** @type {string[]} */
  const made = [];
  /** @type {(() => void)[]} */
  const undo = [];
  let isInside = false;

  /**
   * Node's synchronous functions call each other by way of what is patched; those calls do not count.
   * @param {() => unknown} call
   */
  const inside = (call) => {
    isInside = true;
    try {
      return call();
    } finally {
      isInside = false;
    }
  };

  /** @param {unknown} file @returns {file is string} */
  const counts = (file) => typeof file === 'string' && `${resolve(file)}${sep}`.startsWith(root + sep);

  /**
   * `half` does a part of the call, as one that fails or is killed may.
   * @param {string} name
   * @param {string} file
   * @param {() => unknown} whole
   * @param {() => Promise<unknown>} [half]
   */
  const make = (name, file, whole, half) => {
    const call = `${name} ${resolve(file).slice(root.length + 1)}`;
    made.push(call);
    if (log !== undefined) inside(() => appendFileSync(log, `${call}\n`));
    if (made.length !== nth) return whole();
    const isKill = code === 'KILL';
    const end = isKill ? die : fail(code, call);
    if (isKill && when === 'after') return after(whole(), end);
    return half === undefined || (isKill && when === 'before') ? end() : after(half(), end);
  };

  /** @param {object} owner @param {string} name @param {number} paths */
  const patch = (owner, name, paths) => {
    const table = /** @type {Record<string, Call>} */ (owner);
    const original = /** @type {Call} */ (table[name]);
    const isAsync = owner === fs.promises;
    table[name] = (...args) => {
      const file = args.slice(0, paths).find(counts);
      if (file === undefined || isInside) return original(...args);
      if (!isAsync) return make(name, file, () => inside(() => original(...args)));
      const call = () => make(name, file, () => original(...args));
      return (async () => {
        const result = await call();
        if (name === 'open') watch(/** @type {fs.promises.FileHandle} */ (result), file);
        return result;
      })();
    };
    undo.push(() => void (table[name] = original));
  };

  /** @param {fs.promises.FileHandle} handle @param {string} file */
  const watch = (handle, file) => {
    const table = /** @type {Record<string, Call>} */ (/** @type {unknown} */ (handle));
    const [write, close] = [handle.write.bind(handle), handle.close.bind(handle)];
    for (const name of namesOfHandles.split(' ')) {
      const own = /** @type {Call} */ (table[name]).bind(handle);
      table[name] = async (...args) => {
        const half = async () => {
          if (name === 'close') return close();
          if (name !== 'writeFile' && name !== 'appendFile') return undefined;
          const bytes = Buffer.from(/** @type {string} */ (args[0]));
          return write(bytes, 0, bytes.length >> 1);
        };
        return make(name, file, () => own(...args), half);
      };
    }
  };

  for (const [list, paths] of /** @type {const} */ ([
    [names, 1],
    [namesOfTwo, 2],
  ])) {
    for (const name of list.split(' ')) {
      patch(fs.promises, name, paths);
      patch(fs, `${name}Sync`, paths);
    }
  }
  syncBuiltinESMExports();
  return {
    made,
    restore: () => {
      for (const each of undo) each();
      syncBuiltinESMExports();
    },
  };
}

/** @param {string} code @param {string} call */
function fail(code, call) {
  return () => {
    throw Object.assign(new Error(`${code}: failed on purpose, ${call}`), { code });
  };
}

/** The signal may take a moment to arrive, in which nothing else may happen. */
function die() {
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** @param {unknown} result @param {() => void} end */
function after(result, end) {
  return result instanceof Promise ? result.then(end) : end();
}

const asked = process.env['FILE_CALLS'];
if (asked !== undefined) failFileCalls(/** @type {FailingCalls} */ (JSON.parse(asked)));
