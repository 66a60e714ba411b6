/** `npm run test:long`: runs the kinds of long tests and prints one table. See docs/testing.md. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type Finding, type Kind, type Setting, wrongs } from './case.js';
import { type KindName, kindNames, openKinds } from './kinds.js';

interface Row {
  readonly kind: string;
  readonly cases: number;
  /** Cases in which something was found. */
  readonly failed: number;
  /** How many cases had which finding, in the order of the columns. */
  readonly found: readonly number[];
}

const usage = `npm run test:long -- [--only ${kindNames.join(',')}] [--count N] [--seed S] [--case N]`;

export async function main(root: string, args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (typeof options === 'string') {
    process.stderr.write(`test:long: ${options}\n${usage}\n`);
    return 2;
  }
  const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-long-'));
  const rows: Row[] = [];
  try {
    const setting: Setting = { work, seed: options.seed };
    for await (const kind of openKinds(root, setting, options.only)) rows.push(await runKind(kind, options));
  } finally {
    // A killed training's driver may still write to its cache.
    rmSync(work, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
  print(rows);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const cases = rows.reduce((sum, row) => sum + row.cases, 0);
  say(`\n${cases - failed} passed, ${failed} failed`);
  return failed === 0 && cases > 0 ? 0 : 1;
}

interface Options {
  readonly only: readonly KindName[];
  readonly seed: number;
  readonly count?: number;
  /** This one alone. */
  readonly case?: number;
}

/** A string says what is wrong with the arguments. */
function readOptions(args: readonly string[]): Options | string {
  let values: { only?: string; count?: string; seed?: string; case?: string };
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        count: { type: 'string' },
        seed: { type: 'string' },
        case: { type: 'string' },
      },
    }));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const named = values.only?.split(',') ?? [...kindNames];
  const only = kindNames.filter((name) => named.includes(name));
  const unknown = named.find((name) => !kindNames.some((known) => known === name));
  if (unknown !== undefined) return `--only is '${unknown}', expected some of ${kindNames.join(', ')}.`;
  for (const name of ['count', 'seed', 'case'] as const) {
    const text = values[name];
    if (text !== undefined && !(/^\d{1,9}$/.test(text) && (name === 'seed' || Number(text) > 0)))
      return `--${name} is '${text}', expected a positive integer.`;
  }
  if (values.case !== undefined && only.length !== 1)
    return '--case needs --only with the one kind that it is of.';
  return {
    only,
    seed: Number(values.seed ?? 42),
    ...(values.count === undefined ? {} : { count: Number(values.count) }),
    ...(values.case === undefined ? {} : { case: Number(values.case) }),
  };
}

async function runKind(kind: Kind, options: Options): Promise<Row> {
  const cases = options.case === undefined ? spread(kind, options.count ?? kind.usual) : [options.case];
  if (options.case !== undefined && options.case > kind.most)
    throw new RangeError(`--case is ${options.case}, but there are ${kind.most} ${kind.name}`);
  const found = wrongs.map(() => 0);
  let failed = 0;
  let done = 0;
  const waiting = cases.values();
  const work = async (): Promise<void> => {
    for (const n of waiting) {
      const findings = await kind.run(n);
      done++;
      if (findings.length > 0) {
        failed++;
        wrongs.forEach((wrong, i) => {
          if (findings.some((finding) => finding.wrong === wrong)) found[i]! += 1;
        });
        describe(kind, n, options.seed, findings);
      }
      if (process.stderr.isTTY)
        process.stderr.write(`\r${kind.name} ${done}/${cases.length}, ${failed} failed `);
    }
  };
  try {
    await Promise.all(Array.from({ length: kind.jobs }, work));
  } finally {
    await kind.close();
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  return { kind: kind.name, cases: cases.length, failed, found };
}

/** The numbers of `count` cases: evenly spread over all there are, or the first ones of those that are drawn. */
export function spread({ most }: Pick<Kind, 'most'>, count: number): number[] {
  if (most === Infinity) return Array.from({ length: count }, (_, i) => i + 1);
  const length = Math.min(count, most);
  return Array.from({ length }, (_, i) => 1 + Math.floor(((i + 0.5) * most) / length));
}

function describe(kind: Kind, n: number, seed: number, findings: readonly Finding[]): void {
  say(`${kind.name} ${n}: ${kind.title(n)}`);
  for (const { wrong, message } of findings) say(`  ${wrong}: ${message}`);
  say(`  again: npm run test:long -- --only ${kind.name} --seed ${seed} --case ${n}`);
}

function print(rows: readonly Row[]): void {
  const head = ['kind', 'cases', ...wrongs];
  const lines = rows.map(({ kind, cases, found }) => [kind, cases, ...found].map(String));
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]!.length)));
  say('');
  for (const line of [head, ...lines])
    say(line.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
