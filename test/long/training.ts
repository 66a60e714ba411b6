/**
 * A training of a second by the built command line, as a process that may be killed or meet faults, and what it leaves
 * beside what an uninterrupted one leaves.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { writeSmallDigits } from '../node/small_digits.js';
import type { Finding } from './case.js';
import { eventsIn } from './events.js';

/** Its best epoch is the third of four, so that best and last weights differ. */
export const fourEpochs =
  '--dataset small --model mlp --preset quick --tensorboard --epochs 4 --batch-size 64 --learning-rate 0.02';
/** The fewest calls of WebGPU in which everything occurs twice. */
export const twoEpochs =
  '--dataset small --model mlp --preset quick --epochs 2 --batch-size 144 --learning-rate 0.02';
const timeoutMs = 300_000;

export interface Ended {
  /** Null when it was killed. */
  readonly status: number | null;
  /** Both streams. */
  readonly output: string;
  readonly hasHung: boolean;
}

export interface RunOptions {
  /** A module of `test` that is loaded first, and what it finds in the environment. */
  readonly preload?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** SIGKILL after so many milliseconds. */
  readonly killAfterMs?: number;
}

/** Where a run lies that is on its way to replace another, and then where it is when it has; src/cli/claimed_run.ts. */
const places = ['.shadegrad-ready', '.shadegrad-moving', ''];

/** What every run must end with, by what it says about a file. */
export type Marks = ReadonlyMap<string, string>;

export class Trainings {
  /** What the uninterrupted one leaves, and how long it took. */
  reference: Marks = new Map();
  referenceMs = 0;
  /** What a run with another seed leaves, for others to replace. */
  #old: Marks = new Map();

  private constructor(
    readonly root: string,
    readonly work: string,
    readonly settings: string,
  ) {}

  /**
   * Makes the data set in a new folder `work`, and trains once without interruption. `root` is the repository, its
   * command line built.
   */
  static async open(root: string, work: string, settings: string): Promise<Trainings> {
    await writeSmallDigits(path.join(work, 'small'), { isHalved: true, train: 320, test: 40 });
    const trainings = new Trainings(root, work, settings);
    // The first fills the driver's cache of compiled kernels, and would be slower than any other.
    trainings.#old = await trainings.#trainWhole('old', ['--seed', '7']);
    const started = performance.now();
    trainings.reference = await trainings.#trainWhole('reference');
    trainings.referenceMs = performance.now() - started;
    return trainings;
  }

  async #trainWhole(folder: string, extra: readonly string[] = []): Promise<Marks> {
    const { status, output } = await this.#run([
      'train',
      ...this.settings.split(' '),
      ...extra,
      '--out',
      folder,
    ]);
    if (status !== 0) throw new Error(`the training without faults fails:\n${output}`);
    return this.marksOf(folder);
  }

  /** Puts the finished run of another seed into a folder. */
  placeOld(folder: string): void {
    cpSync(path.join(this.work, 'old'), path.join(this.work, folder), { recursive: true });
  }

  /** Begins a training, or resumes whatever the one before has left. */
  run(folder: string, options?: RunOptions): Promise<Ended> {
    if (!this.#hasOld(folder) && this.#hasBegun(folder))
      return this.#run(['train', '--resume', folder], options);
    const replace = this.#hasOld(folder) ? ['--overwrite'] : [];
    return this.#run(['train', ...this.settings.split(' '), '--out', folder, ...replace], options);
  }

  /** Runs on until the training is finished, and compares. */
  async finish(folder: string): Promise<Finding[]> {
    const before = this.#epochsSaved(folder);
    const ended = await this.run(folder);
    const findings = [...findingsOf(ended)];
    if (ended.status !== 0)
      findings.push({ wrong: 'lost', message: `cannot be finished: ${lastLines(ended.output)}` });
    const first = /Epoch (\d+)\//.exec(ended.output)?.[1];
    if (first !== undefined && Number(first) <= before)
      findings.push({
        wrong: 'lost',
        message: `${before} epochs were saved, and it goes on at epoch ${first}`,
      });
    if (ended.status === 0) findings.push(...this.differences(folder));
    return findings;
  }

  /** Whether the old run is there as it was. */
  #hasOld(folder: string): boolean {
    const marks = this.marksOf(folder);
    return [...this.#old].every(([name, mark]) => name === 'logs' || marks.get(name) === mark);
  }

  /** Whether there is a run to resume. */
  #hasBegun(folder: string): boolean {
    return places.some((place) => existsSync(path.join(this.work, folder, place, 'run.json')));
  }

  /** The whole epochs behind the last checkpoint. */
  #epochsSaved(folder: string): number {
    if (this.#hasOld(folder)) return 0;
    const file = places
      .map((place) => path.join(this.work, folder, place, 'last.safetensors'))
      .find((each) => existsSync(each));
    if (file === undefined) return 0;
    return Number(/\\"epoch\\":(\d+)/.exec(headerOf(readFileSync(file)))?.[1] ?? 0);
  }

  /** What is other than in a run without faults, and what should be gone by now. */
  differences(folder: string): Finding[] {
    const marks = this.marksOf(folder);
    const others = [...this.reference].filter(([name, mark]) => marks.get(name) !== mark);
    return [
      ...others.map(([name, mark]): Finding => ({
        wrong: 'lost',
        message: `${name} is ${marks.get(name) ?? 'missing'}, expected ${mark}`,
      })),
      ...this.leftIn(folder, /\.tmp$|\.next\.|^run\.lock|^\.shadegrad/),
    ];
  }

  /** Files whose names match: as a rule drafts and locks, which an ended process leaves behind. */
  leftIn(folder: string, names = /\.tmp$|^run\.lock/): Finding[] {
    const left = namesIn(path.join(this.work, folder)).filter((name) => names.test(name));
    return left.map((name) => ({ wrong: 'unexpected', message: `${name} is left in the run folder` }));
  }

  /** What the bits of a finished run are known by. */
  marksOf(folder: string): Marks {
    const at = path.join(this.work, folder);
    const marks = new Map<string, string>();
    for (const name of ['best.safetensors', 'last.safetensors', 'history.json', 'history.csv', 'model.json'])
      marks.set(name, hashOf(withoutTime(read(path.join(at, name)))));
    const evaluation = JSON.parse(read(path.join(at, 'evaluation.json')) || '{}') as Record<string, unknown>;
    marks.set('evaluation.json', hashOf(JSON.stringify({ ...evaluation, kernelTimes: undefined })));
    const { result } = JSON.parse(read(path.join(at, 'run.json')) || '{}') as { result?: object };
    marks.set('the result in run.json', JSON.stringify({ ...result, seconds: undefined }));
    // A run that replaces another leaves its logs.
    const others = folder === 'old' ? [] : namesIn(path.join(this.work, 'old', 'logs'));
    const logs = namesIn(path.join(at, 'logs')).filter((name) => !others.includes(name));
    const events = logs.flatMap((name) => eventsIn(path.join(at, 'logs', name)));
    marks.set('logs', `${logs.length} runs of ${events.length} events, ${hashOf(events.join('\n'))}`);
    return marks;
  }

  #run(args: readonly string[], { preload, env = {}, killAfterMs }: RunOptions = {}): Promise<Ended> {
    const cache = path.join(this.work, 'cache');
    mkdirSync(cache, { recursive: true });
    const cli = path.join(this.root, 'dist', 'cli.mjs');
    const imports =
      preload === undefined ? [] : ['--import', pathToFileURL(path.join(this.root, 'test', preload)).href];
    const child = spawn(process.execPath, [...imports, cli, ...args], {
      cwd: this.work,
      env: { ...process.env, DEBUG: '0', XDG_CACHE_HOME: cache, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    return new Promise((resolve, reject) => {
      let hasHung = false;
      const watch = setTimeout(() => {
        hasHung = true;
        child.kill('SIGKILL');
      }, timeoutMs);
      const killer =
        killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs);
      child.on('error', reject);
      child.on('close', (status) => {
        clearTimeout(watch);
        clearTimeout(killer);
        // Dawn's own warnings, which come with a trace.
        resolve({ status, hasHung, output: output.replaceAll(/^Warning: .*\n( {4}at .*\n)*\n?/gm, '') });
      });
    });
  }
}

/** What no run may do, whatever it meets. */
export function findingsOf({ output, hasHung }: Ended): Finding[] {
  const findings: Finding[] = [];
  if (hasHung)
    findings.push({ wrong: 'hang', message: `no end after ${timeoutMs / 1000} s: ${lastLines(output)}` });
  const trace =
    /^.*\n {4}at .*/m.exec(output)?.[0] ?? /^.*UnhandledPromise.*|^node:internal.*/m.exec(output)?.[0];
  if (trace !== undefined) findings.push({ wrong: 'stack trace', message: trace });
  return findings;
}

export function lastLines(output: string, count = 3): string {
  return output.trim().split('\n').slice(-count).join(' | ');
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

function read(file: string): string {
  return existsSync(file) ? readFileSync(file, 'latin1') : '';
}

/** The name of TensorBoard's folder, which a checkpoint carries, is a time. */
function withoutTime(text: string): string {
  return text.replaceAll(/\b\d{8}-\d{6}\b/g, '00000000-000000');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex').slice(0, 16);
}

/** A safetensors file's JSON. */
function headerOf(bytes: Buffer): string {
  return bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString();
}
