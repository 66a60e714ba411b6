/**
 * shadegrad and other systems on the same model, weights and batches: each first shows that it computes the same loss,
 * then all take turns, so that a slow moment of the machine meets all of them, and never two compute at once.
 */
import { type PeerCommand, PeerFailure, PeerProcess, type Prepared } from './peer_process.js';
import { type Spread, middle, spreadOf } from './statistics.js';

export interface PeerSystem {
  readonly name: string;
  /** Ways to start it; the first that is installed is taken. */
  readonly commands: readonly PeerCommand[];
  /** How to get it when none is. */
  readonly remedy: string;
}

export interface ComparisonOptions {
  /** What every system loads, see peer_fixture.ts. */
  readonly fixture: string;
  readonly batchSize: number;
  /** A part of the adapter's name, for those that compute on WebGPU. */
  readonly device?: string;
  /** Counted turns of each system, in training and in inference. Default 5. */
  readonly rounds?: number;
  /** How long a turn should take; one step at least. Default 2. */
  readonly secondsPerTurn?: number;
  /** How long a system may take for one answer. Default 600: it may compile for minutes. */
  readonly limitSeconds?: number;
  readonly say?: (line: string) => void;
}

/** One system's figures; those that were not measured are left out. */
export interface PeerRow {
  readonly system: string;
  readonly version?: string;
  /** What computes: API and adapter, or processor and threads. */
  readonly backend?: string;
  /** Images per second, by turns. */
  readonly train?: Spread;
  readonly infer?: Spread;
  /** shadegrad's images per second over this system's, in the same round; the median. */
  readonly trainRatio?: number;
  readonly inferRatio?: number;
  /** From the opened device to the end of the first training step, what is compiled for it included. */
  readonly firstStepSeconds?: number;
  /** The greatest difference of a checked loss from shadegrad's, relative to it. */
  readonly lossDifference?: number;
  /** What it lacks, or why figures are missing. */
  readonly note?: string;
}

/**
 * The shares by which a loss may differ. Sums of up to 3,136 products in another order give 1e-7. In training a value
 * within rounding of 0 may pass a relu in one system and not in another: measured, up to 6e-4 after two steps, 1e-7
 * where there is none; while ε on the other side of RMSprop's root gives more than 1e-2.
 */
const tolerances = { infer: 1e-5, train: 3e-3 };

/** Losses of training steps that are compared. */
const checkSteps = 3;

type Work = 'train' | 'infer';

/** A system on its way through the comparison. */
interface Contender {
  readonly system: PeerSystem;
  /** The one that the others are measured against. */
  readonly isOwn: boolean;
  process?: PeerProcess;
  prepared?: Prepared;
  lossDifference?: number;
  failure?: string;
  /** Batches per turn, and milliseconds per batch of each turn. */
  readonly turns: Record<Work, { batches: number; readonly ms: number[] }>;
}

/**
 * Compares; the first system is the one that the others are measured against. Never throws for what another system
 * does: it becomes the note of its row.
 *
 * Throws: PeerFailure when the first system itself fails.
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
    for (const work of ['train', 'infer'] as const) {
      const able = contenders.filter((contender) => canDo(contender, work));
      for (const contender of able)
        await attempt(contender, () => warmUp(contender, work, { secondsPerTurn, limitSeconds }));
      for (let round = 1; round <= rounds; round++) {
        for (const contender of able)
          if (contender.failure === undefined)
            await attempt(contender, () => turn(contender, work, limitSeconds));
        say(`${work === 'train' ? 'training' : 'inference'}: round ${round} of ${rounds}`);
      }
    }
  } finally {
    for (const { process } of contenders) process?.stop();
  }
  return contenders.map((contender) => rowOf(contender, own, options.batchSize));
}

/** Turns another system's failure into its note, and ends it. */
async function attempt(contender: Contender, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PeerFailure) || contender.isOwn) throw error;
    contender.failure =
      error.kind === 'missing'
        ? `skipped: ${error.message}; ${contender.system.remedy}`
        : `failed: ${error.message}`;
    contender.process?.stop();
  }
}

/** Starts the system by the first of its commands that finds it installed. */
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

/** Compares the losses, and ends a system that computes others. */
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
  // Written so that NaN is refused.
  const wrong = losses.find(({ difference, tolerance }) => !(difference <= tolerance));
  if (!wrong) return;
  const { what, loss, ours, tolerance } = wrong;
  contender.failure =
    `not timed: it computes another model: its loss ${what} is ${loss.toFixed(5)}, ours ${ours.toFixed(5)}; ` +
    `at most ${tolerance * 100} % may differ`;
  contender.process?.stop();
}

function canDo({ failure, prepared }: Contender, work: Work): boolean {
  return failure === undefined && (work === 'infer' || prepared?.trainLosses !== undefined);
}

/** Runs the work until it has been running for a while, and finds how many batches fill a turn. */
async function warmUp(
  { process, turns }: Contender,
  work: Work,
  { secondsPerTurn, limitSeconds }: { readonly secondsPerTurn: number; readonly limitSeconds: number },
): Promise<void> {
  const enoughMs = (secondsPerTurn * 1000) / 4;
  for (let batches = 1; ; batches *= 2) {
    const ms = await run(process, work, batches, limitSeconds);
    turns[work].batches = Math.max(1, Math.round((secondsPerTurn * 1000 * batches) / Math.max(ms, 0.001)));
    if (ms >= enoughMs) return;
  }
}

async function turn({ process, turns }: Contender, work: Work, limitSeconds: number): Promise<void> {
  const { batches, ms } = turns[work];
  ms.push((await run(process, work, batches, limitSeconds)) / batches);
}

async function run(
  process: PeerProcess | undefined,
  work: Work,
  batches: number,
  limitSeconds: number,
): Promise<number> {
  const request =
    work === 'train' ? ({ do: work, steps: batches } as const) : ({ do: work, batches } as const);
  return (await process?.ask(request, limitSeconds))?.ms ?? Number.NaN;
}

function rowOf(contender: Contender, own: Contender | undefined, batchSize: number): PeerRow {
  const { system, prepared, lossDifference, failure, turns } = contender;
  const rates = (work: Work): object => {
    const { ms } = turns[work];
    if (ms.length === 0) return {};
    const ratios = ms.map((each, round) => each / (own?.turns[work].ms[round] ?? Number.NaN));
    return {
      [work]: spreadOf(ms.map((each) => (batchSize * 1000) / each)),
      ...(contender.isOwn ? {} : { [`${work}Ratio`]: middle(ratios) }),
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

/** The line that tells of a system when it has been prepared. */
function describe({ system, prepared, lossDifference, failure }: Contender): string {
  if (failure !== undefined) return `${system.name}: ${failure}`;
  const difference =
    lossDifference === undefined ? '' : `, losses within ${lossDifference.toExponential(0)} of ours`;
  return `${system.name} ${prepared?.version} (${prepared?.backend}): ready${difference}`;
}
