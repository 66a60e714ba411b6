// Makes the n-th call of the file system fail, as a disk does that is full or breaks, or ends the process there, as a kill
// does. It patches `node:fs/promises`, which the product imports by name: the modules under test need no hook of their own.
//
//   const calls = failFileCalls({ under: folder, nth: 3, code: 'ENOSPC' });   in a test's own process
//   … calls.made, calls.restore()
//
//   FILE_CALLS='{"under":"/tmp/run","nth":3,"code":"KILL"}' node --import ./test/failing_files.mjs dist/cli.mjs train …
//
// Without `nth` nothing fails, and the calls are counted: a child process writes them to the file named by `log`.
import { appendFileSync } from 'node:fs';
import promises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';
import process from 'node:process';

/**
 * @typedef {object} FailingCalls
 * @property {string} under  Only calls that name this folder or something inside count.
 * @property {number} [nth]  Which of them fails, from 1; all others work.
 * @property {string} [code]  `ENOSPC` and so on, or `KILL` to end the process before the call. Default EIO.
 * @property {string} [log]  A file that gets a line per call.
 */

const names = 'access link mkdir open readFile readdir realpath rename rm rmdir stat writeFile'.split(' ');
const namesOfHandles = ['read', 'writeFile', 'sync', 'stat', 'truncate'];

/** @typedef {(...args: unknown[]) => Promise<unknown>} Call */

/**
 * @param {FailingCalls} options
 * @returns {{ readonly made: readonly string[], restore(): void }}
 */
export function failFileCalls({ under, nth, code = 'EIO', log }) {
  const root = resolve(under);
  /** @type {string[]} */
  const made = [];
  /** @param {string} name @param {string} file */
  const count = (name, file) => {
    const at = resolve(file);
    if (at !== root && !at.startsWith(root + sep)) return;
    const call = `${name} ${at.slice(root.length + 1)}`;
    made.push(call);
    if (log !== undefined) appendFileSync(log, `${call}\n`);
    if (made.length !== nth) return;
    if (code === 'KILL') process.kill(process.pid, 'SIGKILL');
    throw Object.assign(new Error(`${code}: failed on purpose, ${call}`), { code });
  };
  const table = /** @type {Record<string, Call>} */ (/** @type {unknown} */ (promises));
  const originals = names.map((name) => /** @type {const} */ ([name, /** @type {Call} */ (table[name])]));
  for (const [name, original] of originals) {
    table[name] = async (...args) => {
      const file = String(args[0]);
      count(name, file);
      const result = await original(...args);
      if (name === 'open') watch(/** @type {Record<string, Call>} */ (result), file);
      return result;
    };
  }
  /** @param {Record<string, Call>} handle @param {string} file */
  const watch = (handle, file) => {
    for (const name of namesOfHandles) {
      const own = /** @type {Call} */ (handle[name]).bind(handle);
      handle[name] = async (...args) => {
        count(name, file);
        return own(...args);
      };
    }
  };
  syncBuiltinESMExports();
  return {
    made,
    restore: () => {
      for (const [name, original] of originals) table[name] = original;
      syncBuiltinESMExports();
    },
  };
}

const asked = process.env['FILE_CALLS'];
if (asked !== undefined) failFileCalls(/** @type {FailingCalls} */ (JSON.parse(asked)));
