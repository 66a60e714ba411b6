/**
 * Compares shadegrad with other systems on the same model, weights and batches. Each must first compute the same loss.
 * Then they run in alternation, so that a slow phase of the machine affects all of them, and never two at a time.
 */
import { type PeerCommand, PeerFailure, PeerProcess, type Prepared } from './peer_process.js';
import { type Spread, medianOf, spreadOf } from './statistics.js';

export interface PeerSystem {
  readonly name: string;
  /** Commands to start it; the first one that is installed is used. */
  readonly commands: readonly PeerCommand[];
  /** How to install it. */
  readonly remedy: string;
}

export interface ComparisonOptions {
  /** The file that every system loads; see peer_fixture.ts. */
  readonly fixture: string;
  readonly batchSize: number;
  /** Part of the adapter's name, for systems that run on WebGPU. */
  readonly device?: string;
  /** Timed turns of each system, for training and for inference. Default 5. */
  readonly rounds?: number;
  /** The target duration of a turn, which has at least one step. Default 2. */
  readonly secondsPerTurn?: number;
  /** The timeout of one request. Default 600, because a system may compile for minutes. */
  readonly limitSeconds?: number;
  readonly say?: (line: string) => void;
}

/** The figures of one system; those that were not measured are left out. */
export interface PeerRow {
  readonly system: string;
  readonly version?: string;
  /** API and adapter, or CPU and threads. */
  readonly backend?: string;
  /** Images per second over the turns. */
  readonly train?: Spread;
  readonly infer?: Spread;
  /** The median over the rounds of shadegrad's images per second divided by this system's. */
  readonly trainRatio?: number;
  readonly inferRatio?: number;
  /** From the open device to the end of the first training step, including compilation. */
  readonly firstStepSeconds?: number;
  /** The largest relative difference of a checked loss from shadegrad's. */
  readonly lossDifference?: number;
  /** What it does not support, or why figures are missing. */
  readonly note?: string;
}

/**
 * Allowed relative differences of a loss. Summing up to 3,136 products in another order gives 1e-7. In training, a value
 * within rounding of 0 may pass a relu in one system and not in another: up to 6e-4 were measured after two steps, and
 * 1e-7 without such a value. ε on the other side of RMSprop's root gives more than 1e-2.
 */
const tolerances = { infer: 1e-5, train: 3e-3 };

/** The number of training steps whose losses are compared. */
const checkSteps = 3;

type Task = 'train' | 'infer';

/** A system during the comparison. */
interface Contender {
  readonly system: PeerSystem;
  /** Whether it is the baseline of the comparison. */
  readonly isOwn: boolean;
  process?: PeerProcess;
  prepared?: Prepared;
  lossDifference?: number;
  failure?: string;
  /** Batches per turn, and the milliseconds per batch of each turn. */
  readonly turns: Record<Task, { batches: number; readonly ms: number[] }>;
}

/**
 * Compares all systems with the first one. A failure of another system does not throw: it becomes the note of its row.
 *
 * Throws: PeerFailure if the first system fails.
 */
export async function comparePeers(
  systems: readonly PeerSystem[],
  {
    rounds = 5,
    secondsPerTurn = 2,
    limitSeconds = 600,
    say = () => undefined,
    ...options
  }: ComparisonOptions,
): Promise<PeerRow[]> {
  const contenders = systems.map((system, i): Contender => ({
    system,
    isOwn: i === 0,
    turns: { train: { batches: 1, ms: [] }, infer: { batches: 1, ms: [] } },
  }));
  const [own] = contenders;
  try {
    for (const contender of contenders) {
      await attempt(contender, () => prepare(contender, { ...options, limitSeconds }));
      if (!contender.isOwn) check(contender, own?.prepared);
      say(describe(contender));
    }
    for (const task of ['train', 'infer'] as const) {
      const able = contenders.filter((contender) => canDo(contender, task));
      for (const contender of able)
        await attempt(contender, () => warmUp(contender, task, { secondsPerTurn, limitSeconds }));
      for (let round = 1; round <= rounds; round++) {
        for (const contender of able)
          if (contender.failure === undefined)
            await attempt(contender, () => turn(contender, task, limitSeconds));
        say(`${task === 'train' ? 'training' : 'inference'}: round ${round} of ${rounds}`);
      }
    }
  } finally {
    for (const { process } of contenders) process?.stop();
  }
  return contenders.map((contender) => rowOf(contender, own, options.batchSize));
}

/** Runs `action`. If another system than the first fails, records that and stops it. */
async function attempt(contender: Contender, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof PeerFailure) || contender.isOwn) throw error;
    contender.failure =
      error.kind === 'missing'
        ? `skipped: ${error.message}; ${contender.system.remedy}`
        : `failed: ${error.message}`;
    contender.process?.stop();
  }
}

/** Starts the system with the first of its commands that is installed. */
async function prepare(
  contender: Contender,
  {
    fixture,
    batchSize,
    device,
    limitSeconds,
  }: Pick<ComparisonOptions, 'fixture' | 'batchSize' | 'device'> & { readonly limitSeconds: number },
): Promise<void> {
  const { commands } = contender.system;
  for (const [i, command] of commands.entries()) {
    const process = new PeerProcess(command);
    contender.process = process;
    try {
      const adapter = device === undefined ? {} : { device };
      const request = { do: 'prepare', fixture, batchSize, checkSteps, ...adapter } as const;
      contender.prepared = await process.ask(request, limitSeconds);
      return;
    } catch (error) {
      const isMissing = error instanceof PeerFailure && error.kind === 'missing';
      if (!isMissing || i === commands.length - 1) throw error;
    }
  }
}

/** Compares the losses, and stops a system whose losses differ. */
function check(contender: Contender, own: Prepared | undefined): void {
  const { prepared } = contender;
  if (!prepared || !own) return;
  const expected = prepared.epsilon === 'outside' ? own.trainLossesOutside : own.trainLosses;
  const losses = [
    {
      what: 'of the first batch',
      loss: prepared.inferLoss,
      ours: own.inferLoss,
      tolerance: tolerances.infer,
    },
    ...(prepared.trainLosses ?? []).map((loss, i) => ({
      what: `of training step ${i + 1}`,
      loss,
      ours: expected?.[i] ?? Number.NaN,
      tolerance: tolerances.train,
    })),
  ].map((each) => ({ ...each, difference: Math.abs(each.loss - each.ours) / Math.abs(each.ours) }));
  contender.lossDifference = Math.max(...losses.map(({ difference }) => difference));
  // Written so that NaN counts as wrong.
  const wrong = losses.find(({ difference, tolerance }) => !(difference <= tolerance));
  if (!wrong) return;
  const { what, loss, ours, tolerance } = wrong;
  contender.failure =
    `not timed: it computes a different model: its loss ${what} is ${loss.toFixed(5)}, ours is ${ours.toFixed(5)}; ` +
    `the tolerance is ${tolerance * 100} %`;
  contender.process?.stop();
}

function canDo({ failure, prepared }: Contender, task: Task): boolean {
  return failure === undefined && (task === 'infer' || prepared?.trainLosses !== undefined);
}

/** Warms up, and finds how many batches fill a turn. */
async function warmUp(
  { process, turns }: Contender,
  task: Task,
  { secondsPerTurn, limitSeconds }: { readonly secondsPerTurn: number; readonly limitSeconds: number },
): Promise<void> {
  const enoughMs = (secondsPerTurn * 1000) / 4;
  for (let batches = 1; ; batches *= 2) {
    const ms = await run(process, task, batches, limitSeconds);
    turns[task].batches = Math.max(1, Math.round((secondsPerTurn * 1000 * batches) / Math.max(ms, 0.001)));
    if (ms >= enoughMs) return;
  }
}

async function turn({ process, turns }: Contender, task: Task, limitSeconds: number): Promise<void> {
  const { batches, ms } = turns[task];
  ms.push((await run(process, task, batches, limitSeconds)) / batches);
}

async function run(
  process: PeerProcess | undefined,
  task: Task,
  batches: number,
  limitSeconds: number,
): Promise<number> {
  const request =
    task === 'train' ? ({ do: task, steps: batches } as const) : ({ do: task, batches } as const);
  return (await process?.ask(request, limitSeconds))?.ms ?? Number.NaN;
}

function rowOf(contender: Contender, own: Contender | undefined, batchSize: number): PeerRow {
  const { system, prepared, lossDifference, failure, turns } = contender;
  const rates = (task: Task): object => {
    const { ms } = turns[task];
    if (ms.length === 0) return {};
    const ratios = ms.map((each, round) => each / (own?.turns[task].ms[round] ?? Number.NaN));
    return {
      [task]: spreadOf(ms.map((each) => (batchSize * 1000) / each)),
      ...(contender.isOwn ? {} : { [`${task}Ratio`]: medianOf(ratios) }),
    };
  };
  const notes = [...(failure === undefined ? [] : [failure]), ...(prepared?.notes ?? [])];
  const { version, backend, firstStepSeconds } = prepared ?? {};
  return {
    system: system.name,
    ...(version === undefined ? {} : { version }),
    ...(backend === undefined ? {} : { backend }),
    ...rates('train'),
    ...rates('infer'),
    ...(firstStepSeconds === undefined ? {} : { firstStepSeconds }),
    ...(lossDifference === undefined ? {} : { lossDifference }),
    ...(notes.length === 0 ? {} : { note: notes.join('; ') }),
  };
}

/** The line printed for a system once it is prepared. */
function describe({ system, prepared, lossDifference, failure }: Contender): string {
  if (failure !== undefined) return `${system.name}: ${failure}`;
  const difference =
    lossDifference === undefined ? '' : `, losses within ${lossDifference.toExponential(0)} of ours`;
  return `${system.name} ${prepared?.version} (${prepared?.backend}): ready${difference}`;
}
