// Loaded into a training with `node --import`: counts its calls of node:fs on what lies below one folder, and at one of
// them fails or kills the process. Reaches every call, the command line's own and those of packages, and needs nothing in
// the product. What to do stands in the environment (test/long/training.ts):
//
//   FILE_CALLS={"root": DIR, "log": FILE}                                     writes all calls into FILE at the end
//   FILE_CALLS={"root": DIR, "at": N, "act": "fail", "code": "ENOSPC"}       the N-th call fails; a write leaves half
//   FILE_CALLS={"root": DIR, "at": N, "act": "kill", "when": "before"|"midway"|"after"}
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { constants } from 'node:os';
import path from 'node:path';
import process from 'node:process';

/** @typedef {(...args: unknown[]) => unknown} Method */

const { root, log, at, act, code, when } =
  /** @type {{ root: string, log?: string, at?: number, act?: 'fail' | 'kill', code?: 'EIO', when?: string }} */ (
    JSON.parse(process.env['FILE_CALLS'] ?? '')
  );
const { writeFileSync } = fs;
/** @type {string[]} */
const calls = [];

const byPath =
  'access appendFile lstat mkdir open opendir readFile readdir readlink realpath rm rmdir stat truncate unlink utimes writeFile';
const byTwoPaths = 'copyFile cp link rename symlink';
const byHandle = 'appendFile close datasync read readFile stat sync truncate write writeFile';

for (const [names, paths] of /** @type {const} */ ([
  [byPath, 1],
  [byTwoPaths, 2],
]))
  for (const name of names.split(' ')) {
    wrap(fs.promises, name, paths, true);
    wrap(fs, `${name}Sync`, paths, false);
  }
syncBuiltinESMExports();
if (log !== undefined) process.on('exit', () => writeFileSync(log, JSON.stringify(calls)));

/**
 * @param {object} owner
 * @param {string} name
 * @param {1 | 2} paths
 * @param {boolean} isAsync
 */
function wrap(owner, name, paths, isAsync) {
  const methods = /** @type {Record<string, Method>} */ (owner);
  const original = methods[name];
  if (original === undefined) return;
  methods[name] = (...args) => {
    const below = args.slice(0, paths).find(isBelow);
    if (below === undefined) return original.apply(owner, args);
    const run = () => original.apply(owner, args);
    if (!isAsync) return around(name, below, run);
    return (async () => {
      const result = await around(name, below, run);
      if (name === 'open') wrapHandle(/** @type {fs.promises.FileHandle} */ (result), below);
      return result;
    })();
  };
}

/**
 * @param {fs.promises.FileHandle} handle
 * @param {string} file
 */
function wrapHandle(handle, file) {
  const methods = /** @type {Record<string, Method>} */ (/** @type {unknown} */ (handle));
  const write = handle.write.bind(handle);
  const close = handle.close.bind(handle);
  for (const name of byHandle.split(' ')) {
    const original = /** @type {Method} */ (methods[name]);
    methods[name] = async (...args) => {
      /** What is done of a call that does not come to its end. */
      const half = async () => {
        if (name === 'close') await close();
        if (name !== 'writeFile' && name !== 'appendFile') return;
        const bytes = Buffer.from(/** @type {string} */ (args[0]));
        await write(bytes, 0, bytes.length >> 1);
      };
      return around(`handle.${name}`, file, () => original.apply(handle, args), half);
    };
  }
}

/** @param {unknown} argument @returns {argument is string} */
function isBelow(argument) {
  return typeof argument === 'string' && path.resolve(argument).startsWith(root + path.sep);
}

/**
 * @param {string} name
 * @param {string} file
 * @param {() => unknown} run
 * @param {() => Promise<void>} [half]
 */
function around(name, file, run, half) {
  calls.push(`${name} ${path.relative(root, path.resolve(file))}`);
  if (calls.length !== at) return run();
  if (act === 'kill') return killed(run, half);
  const { [code ?? 'EIO']: errno } = constants.errno;
  const error = Object.assign(new Error(`${code}: fault of a test, ${name} '${file}'`), {
    code,
    errno: -errno,
    syscall: name,
    path: file,
  });
  if (half === undefined) throw error;
  return half().then(() => {
    throw error;
  });
}

/**
 * @param {() => unknown} run
 * @param {() => Promise<void>} [half]
 */
function killed(run, half) {
  if (when === 'after') {
    const result = run();
    return result instanceof Promise ? result.finally(die) : die();
  }
  return when === 'midway' && half !== undefined ? half().finally(die) : die();
}

/** The signal may take a moment to arrive, in which nothing else may happen. */
function die() {
  process.kill(process.pid, 'SIGKILL');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}
