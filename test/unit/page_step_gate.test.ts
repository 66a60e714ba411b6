/**
 * The step gate of the page's training (web/worker/step_gate.ts), with a loop that calls it as `fit` does:
 *   hold     is reported once, after a save, and again after each step or resume that another hold follows
 *   step     one per call, also for concurrent calls; a resume after them lets training run
 *   tasks    run at a sync point, one at a time, also while it holds; at the end, the remaining ones
 *   release  ends holding, saving and reporting
 */
import { describe, expect, test } from 'vitest';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { StepGate } from '../../web/worker/step_gate.js';

/** A training of 100 steps in one epoch, behind a gate that holds. */
class Trained {
  step = 0;
  /** The calls of the gate. */
  readonly log: string[] = [];
  #isStopped = false;
  readonly gate = new StepGate({
    isHolding: true,
    saveEveryMs: Infinity,
    save: async () => {
      this.log.push(`save ${this.step}`);
      await elsewhere();
    },
    onHeld: async () => {
      this.log.push(`held ${this.step}`);
      await elsewhere();
    },
    onSync: () => undefined,
  });
  readonly ended = this.#train();

  stop(): void {
    this.#isStopped = true;
    this.gate.release();
  }

  async #train(): Promise<void> {
    const { callback } = this.gate;
    const training = { position: () => ({ step: this.step }) } as Training;
    await callback.onTrainBegin!(training);
    await callback.onEpochBegin!(0, training);
    let synced = 0;
    while (this.step < 100 && !this.#isStopped) {
      if (callback.stepsUntilSync!(training) <= this.step - synced) {
        await callback.onSync!(training);
        synced = this.step;
      } else {
        await elsewhere();
        this.step++;
      }
    }
    await this.gate.finish();
  }
}

/** Waits as long as a message takes. */
async function elsewhere(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

async function held(trained: Trained, times: number): Promise<void> {
  await expect
    .poll(() => trained.log.filter((each) => each.startsWith('held')).length, { interval: 1 })
    .toBe(times);
}

describe('hold', () => {
  test('is reported once, after a save', async () => {
    const trained = new Trained();
    await held(trained, 1);
    for (let i = 0; i < 5; i++) await elsewhere();
    expect(trained.log).toEqual(['save 0', 'held 0']);
    trained.stop();
    await trained.ended;
    expect(trained.log).toEqual(['save 0', 'held 0']);
  });

  test('is reported again if a resume came while the previous hold was saved or reported', async () => {
    for (const ticks of [0, 1, 2, 3]) {
      const trained = new Trained();
      for (let i = 0; i < ticks; i++) await elsewhere();
      trained.gate.proceed();
      await elsewhere();
      trained.gate.hold();
      const reported = trained.log.length;
      const isReported = (): boolean => trained.log.slice(reported).includes(`held ${trained.step}`);
      await expect.poll(isReported, { interval: 1 }).toBe(true);
      const { step } = trained;
      for (let i = 0; i < 5; i++) await elsewhere();
      expect(trained.step).toBe(step);
      trained.stop();
      await trained.ended;
    }
  });
});

describe('step', () => {
  test('runs one step per call, also for concurrent calls', async () => {
    const trained = new Trained();
    await held(trained, 1);
    expect(trained.step).toBe(0);
    for (let i = 0; i < 3; i++) trained.gate.allowStep();
    await held(trained, 2);
    expect(trained.step).toBe(3);
    trained.stop();
    await trained.ended;
    expect(trained.step).toBe(3);
  });

  test('does not hold what a later resume lets run', async () => {
    const trained = new Trained();
    trained.gate.allowStep();
    trained.gate.allowStep();
    trained.gate.proceed();
    await trained.ended;
    expect(trained.step).toBe(100);
  });
});

describe('tasks', () => {
  test('run at a sync point, one at a time, also while it holds', async () => {
    const trained = new Trained();
    const order: string[] = [];
    const task = async (name: string): Promise<number> =>
      trained.gate.betweenSteps(async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve));
        order.push(`${name} ends`);
        return trained.step;
      });
    await held(trained, 1);
    expect(await Promise.all([task('a'), task('b')])).toEqual([0, 0]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    trained.stop();
    await trained.ended;
  });

  test('that find no sync point run at the end, and later ones immediately', async () => {
    const trained = new Trained();
    trained.gate.proceed();
    trained.stop();
    const failed = trained.gate.betweenSteps(async () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    await trained.ended;
    expect(await trained.gate.betweenSteps(async () => Promise.resolve(5))).toBe(5);
  });
});
