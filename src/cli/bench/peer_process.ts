/**
 * One system of a comparison, in its own process. It answers each line of JSON with a line of JSON; bench/peers/runner.mjs
 * documents the requests and answers.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** The answer of a system after it has loaded the weights. */
export interface Prepared {
  readonly version: string;
  /** API and adapter, or CPU and threads. */
  readonly backend: string;
  /** Mean cross-entropy of the first batch, with the initial weights and without dropout. */
  readonly inferLoss: number;
  /** The losses of the first training steps, without dropout; left out if the system cannot train. */
  readonly trainLosses?: readonly number[];
  /** The same with ε outside the root; only shadegrad supports both. */
  readonly trainLossesOutside?: readonly number[];
  /** Where its RMSprop adds ε: √(v + ε) or √v + ε. */
  readonly epsilon?: 'inside' | 'outside';
  /** From the open device to the end of the first training step, including compilation. */
  readonly firstStepSeconds?: number;
  readonly notes: readonly string[];
}

export type PeerRequest =
  | {
      readonly do: 'prepare';
      /** A safetensors file; see peer_fixture.ts. */
      readonly fixture: string;
      readonly batchSize: number;
      /** How many losses of training steps to return. */
      readonly checkSteps: number;
      /** Part of the adapter's name, for systems that run on WebGPU. */
      readonly device?: string;
    }
  | { readonly do: 'train'; readonly steps: number }
  | { readonly do: 'infer'; readonly batches: number };

/** The failure of a system; `missing` means that it is not installed. */
export class PeerFailure extends Error {
  constructor(
    readonly kind: 'missing' | 'failed',
    message: string,
  ) {
    super(message);
    this.name = 'PeerFailure';
  }
}

/** The number of characters of standard error that are kept. */
const errorTail = 2000;

export class PeerProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  #errors = '';
  /** Set once the process has ended or failed. */
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
    // Writing to an ended process: `close` reports its end.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (text: Buffer) => {
      this.#errors = (this.#errors + text.toString()).slice(-errorTail);
    });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.#onLine(line));
  }

  /**
   * Sends a request and resolves with the answer.
   *
   * Throws: PeerFailure if the process answers with an error, ends, or does not answer in time. It is then killed.
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
        this.#end(new PeerFailure('failed', `it did not answer '${request.do}' within ${limitSeconds} s`)),
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

  /** Kills the process. */
  stop(): void {
    this.#end(new PeerFailure('failed', 'it was stopped'));
  }

  #onLine(line: string): void {
    const answer = parse(line);
    if (!answer) return;
    const { missing, error } = answer;
    if (typeof missing === 'string') this.#end(new PeerFailure('missing', `${missing} is not installed`));
    else if (typeof error === 'string') this.#end(new PeerFailure('failed', firstLine(error)));
    else if (!isAnswer(answer)) this.#end(new PeerFailure('failed', `it answered ${line.slice(0, 80)}`));
    else this.#waiting?.resolve(answer);
  }

  /** Keeps the first failure: killing the process causes another one. */
  #end(failure: PeerFailure): void {
    this.#failure ??= failure;
    this.#child.kill('SIGKILL');
    this.#waiting?.reject(this.#failure);
  }

  #lastError(): string {
    const lines = this.#errors.trim().split('\n');
    // The last line is Node's version, or Python's error.
    const last = lines.findLast((line) => /error|fatal/i.test(line)) ?? lines.at(-1);
    return last ? `: ${last}` : '';
  }
}

/** The object on a line; undefined for other output, which libraries may print. */
function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/** Whether the object is a valid answer to `prepare`, `train` or `infer`. */
function isAnswer({ ms, version, backend, inferLoss, notes }: Record<string, unknown>): boolean {
  if (ms !== undefined) return typeof ms === 'number' && ms >= 0;
  const isNamed = typeof version === 'string' && typeof backend === 'string' && Array.isArray(notes);
  return isNamed && typeof inferLoss === 'number';
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? text;
}
