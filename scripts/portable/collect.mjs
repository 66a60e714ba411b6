// Collects the output of the steps of measure.sh in one JSON. Run after every step, so that finished steps are never lost:
//
//   node collect.mjs WORK PACKAGE OUT      WORK: the folder of measure.sh; PACKAGE: portable.json; OUT: the JSON to write
import { existsSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** How much of the end of a step's output is kept. */
const keptCharacters = 20_000;

const [work = '', packagePath = '', out = ''] = process.argv.slice(2);

/** @param {string} path */
const text = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : '');

/**
 * The JSON that a command prints as its last line with --json.
 * @param {string} printed
 * @returns {unknown}
 */
function resultOf(printed) {
  const line = printed.trimEnd().split('\n').at(-1) ?? '';
  try {
    return line.startsWith('{') ? JSON.parse(line) : null;
  } catch {
    return null; // truncated; its end is in stdout
  }
}

/**
 * A file's JSON; null if it is missing, and its beginning if it is damaged, so that the others are still collected.
 * @param {string} path
 * @returns {unknown}
 */
function jsonOf(path) {
  const contents = text(path);
  try {
    return contents === '' ? null : JSON.parse(contents);
  } catch {
    return { damaged: contents.slice(0, 1000) };
  }
}

/** @param {string} folder */
function stepOf(folder) {
  const printed = text(join(folder, 'stdout'));
  const result = resultOf(printed);
  const outcome = /** @type {Record<string, unknown>} */ (
    jsonOf(join(folder, 'outcome.json')) ?? { status: null }
  );
  return {
    ...outcome,
    result,
    ...(result === null ? { stdout: printed.slice(-keptCharacters) } : {}),
    stderr: text(join(folder, 'stderr')).slice(-keptCharacters),
  };
}

/** The results of the tuner: the files in the user's cache. */
function tuning() {
  const folder = join(work, 'cache', 'shadegrad', 'tuning');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => jsonOf(join(folder, name)));
}

const measured = {
  package: jsonOf(packagePath),
  machine: text(join(work, 'machine.txt')).trimEnd().split('\n'),
  date: new Date().toISOString(),
  steps: readdirSync(join(work, 'steps'))
    .sort()
    .map((name) => stepOf(join(work, 'steps', name))),
  tuning: tuning(),
};
writeFileSync(`${out}.part`, `${JSON.stringify(measured, null, 1)}\n`);
renameSync(`${out}.part`, out);
