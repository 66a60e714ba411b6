/** The commands that test the model. */
import { proxy } from 'comlink';
import type { App } from '../app.js';
import type { TestEvaluation } from '../protocol.js';
import type { Command } from './command.js';

export interface TestRequest {
  /** How many images; null for all. */
  readonly count: number | null;
  readonly onProgress: (done: number, total: number) => void;
  readonly onResult: (evaluation: TestEvaluation) => Promise<void>;
}

/** Why the model cannot be tested now; undefined when it can. */
export function testProblem({ state: { device, status } }: App): string | undefined {
  if (!device.value) return 'Waiting for the graphics device.';
  if (!device.value.info) return 'Testing needs WebGPU, which this browser lacks: see above.';
  return status.value?.phase === 'lost' ? 'The graphics device was lost; reconnect it to test.' : undefined;
}

export const test: Command<TestRequest> = {
  label: 'Test',
  cause: 'test',
  isEnabled: (app) => testProblem(app) === undefined,
  run: async ({ worker }, { count, onProgress, onResult }) =>
    onResult(await worker.evaluating.run({ count }, proxy(onProgress))),
};

export const stopTest: Command<unknown> = {
  label: 'Stop',
  cause: 'test',
  isInterrupting: true,
  run: async ({ worker }) => worker.evaluating.stop(),
};
