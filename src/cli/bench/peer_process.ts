/**
 * One system of a comparison: a process of its own that answers a line of JSON for each line of JSON it is sent. What
 * may be asked, and what is answered, says bench/peers/runner.mjs.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** What a system says of itself when it has loaded the weights and checked itself. */
export interface Prepared {
  readonly version: string;
  /** What computes: API and adapter, or processor and threads. */
  readonly backend: string;
  /** Mean cross-entropy of the first batch, with the first weights and without dropout. */
  readonly inferLoss: number;
  /** The losses of the first training steps, without dropout; left out by a system that cannot train. */
  readonly trainLosses?: readonly number[];
  /** The same with ε outside the root: of shadegrad, which can do both. */
  readonly trainLossesOutside?: readonly number[];
  /** Where its RMSprop adds ε: √(v + ε) or √v + ε. */
  readonly epsilon?: 'inside' | 'outside';
  /** From the opened device to the end of the first training step, what is compiled for it included. */
  readonly firstStepSeconds?: number;
  readonly notes: readonly string[];
}

export type PeerRequest =
  | {
      readonly do: 'prepare';
      /** A safetensors file, see peer_fixture.ts. */
      readonly fixture: string;
      readonly batchSize: number;
      /** How many losses of training steps are wanted. */
      readonly checkSteps: number;
      /** A part of the adapter's name, for those that compute on WebGPU. */
      readonly device?: string;
    }
  | { readonly do: 'train'; readonly steps: number }
  | { readonly do: 'infer'; readonly batches: number };

/** Why a system gave no answer: `missing` when it is not installed here. */
export class PeerFailure extends Error {
  constructor(
    readonly kind: 'missing' | 'failed',
    message: string,
  ) {
    super(message);
    this.name = 'PeerFailure';
  }
}

/** Of what a process says on standard error, the end is kept. */
const errorTail = 2000;

export class PeerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  #errors = '';
  /** Why it is over. */
  #failure: PeerFailure | undefined;
  #waiting: { resolve(answer: unknown): void; reject(failure: PeerFailure): void } | undefined;

  constructor({ command, args }: PeerCommand) {
    this.#child = spawn(command, args, { stdio: 'pipe' });
    this.#child.on('error', (error: NodeJS.ErrnoException) =>
      this.#end(
        error.code === 'ENOENT'
          ? new PeerFailure('missing', `there is no ${command}`)
          : new PeerFailure('failed', error.message),
      ),
    );
    this.#child.on('close', (status, signal) =>
      this.#end(
        new PeerFailure('failed', `its process ended (${signal ?? `status ${status}`})${this.#lastError()}`),
      ),
    );
    // Written to after its end: the end itself is what is told.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-errorTail);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#hear(line));
  }

  /**
   * Throws: PeerFailure when the process answers with an error, ends, or gives no answer within the limit; after that
   * it is over.
   */
  async ask(request: Extract<PeerRequest, { do: 'prepare' }>, limitSeconds: number): Promise<Prepared>;
  async ask(
    request: Extract<PeerRequest, { do: 'train' | 'infer' }>,
    limitSeconds: number,
  ): Promise<{ readonly ms: number }>;
  async ask(request: PeerRequest, limitSeconds: number): Promise<unknown> {
    if (this.#failure) throw this.#failure;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    const limit = setTimeout(
      () =>
        this.#end(new PeerFailure('failed', `it gave no answer to '${request.do}' for ${limitSeconds} s`)),
      limitSeconds * 1000,
    );
    this.#child.stdin.write(`${JSON.stringify(request)}\n`);
    try {
      return await answer;
    } finally {
      this.#waiting = undefined;
      clearTimeout(limit);
    }
  }

  /** Ends the process, whatever it does. */
  stop(): void {
    this.#end(new PeerFailure('failed', 'it was stopped'));
  }

  #hear(line: string): void {
    const answer = parse(line);
    if (!answer) return;
    const { missing, error } = answer;
    if (typeof missing === 'string') this.#end(new PeerFailure('missing', `${missing} is not installed`));
    else if (typeof error === 'string') this.#end(new PeerFailure('failed', firstLine(error)));
    else if (!isAnswer(answer)) this.#end(new PeerFailure('failed', `it answered ${line.slice(0, 80)}`));
    else this.#waiting?.resolve(answer);
  }

  /** The first reason counts: a process that is ended for one reason also says that it has ended. */
  #end(failure: PeerFailure): void {
    this.#failure ??= failure;
    this.#child.kill('SIGKILL');
    this.#waiting?.reject(this.#failure);
  }

  #lastError(): string {
    const lines = this.#errors.trim().split('\n');
    // Node ends with its version, Python with the error.
    const last = lines.findLast((line) => /error|fatal/i.test(line)) ?? lines.at(-1);
    return last ? `: ${last}` : '';
  }
}

/** The object on a line; undefined for what a library prints in between. */
function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON: chatter
  }
}

/** Whether it is an answer to `prepare`, or to `train` and `infer`. */
function isAnswer({ ms, version, backend, inferLoss, notes }: Record<string, unknown>): boolean {
  if (ms !== undefined) return typeof ms === 'number' && ms >= 0;
  const isNamed = typeof version === 'string' && typeof backend === 'string' && Array.isArray(notes);
  return isNamed && typeof inferLoss === 'number';
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
