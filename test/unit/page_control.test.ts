/**
 * The reins of the page's training (web/worker/control.ts), over a loop that asks and rests as `fit` does:
 *   step    one each, however many are asked for at once; those asked for before a resume do not pause what it began
 *   rest    works are done one after the other; what finds none is done at the end
 *   end     nobody who waits is left waiting
 */
import { describe, expect, test } from 'vitest';
import type { Training } from '../../src/nn/callbacks/callback.js';
import { Control } from '../../web/worker/control.js';

/** A training of 100 steps in one epoch, held by a control. */
class Trained {
  step = 0;
  #isStopped = false;
  readonly control = new Control({
    isPaused: true,
    saveEveryMs: Infinity,
    save: async () => this.#elsewhere(),
    onPause: async () => this.#elsewhere(),
    onSync: () => undefined,
  });
  readonly ended = this.#train();

  stop(): void {
    this.#isStopped = true;
    this.control.release();
  }

  /** As long as a message takes. */
  async #elsewhere(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
  }

  async #train(): Promise<void> {
    const { callback } = this.control;
    const training = { position: () => ({ step: this.step }) } as Training;
    await callback.onTrainBegin!(training);
    await callback.onEpochBegin!(0, training);
    let rested = 0;
    while (this.step < 100 && !this.#isStopped) {
      if (callback.stepsUntilSync!(training) <= this.step - rested) {
        await callback.onSync!(training);
        rested = this.step;
      } else {
        await this.#elsewhere();
        this.step++;
      }
    }
    await this.control.finish();
  }
}

describe('step', () => {
  test('does one each, however many are asked for at once', async () => {
    const trained = new Trained();
    await trained.control.pause();
    expect(trained.step).toBe(0);
    await Promise.all([trained.control.step(), trained.control.step(), trained.control.step()]);
    expect(trained.step).toBe(3);
    trained.stop();
    await trained.ended;
    expect(trained.step).toBe(3);
  });

  test('does not pause what a later resume began', async () => {
    const trained = new Trained();
    const { control } = trained;
    const steps = [control.step(), control.step()];
    control.resume();
    await Promise.all(steps);
    expect(control.isPauseWanted).toBe(false);
    await trained.ended;
    expect(trained.step).toBe(100);
  });
});

describe('works', () => {
  test('are done at a rest, one after the other, also in a pause', async () => {
    const trained = new Trained();
    const order: string[] = [];
    const work = async (name: string): Promise<number> =>
      trained.control.betweenSteps(async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve));
        order.push(`${name} ends`);
        return trained.step;
      });
    await trained.control.pause();
    expect(await Promise.all([work('a'), work('b')])).toEqual([0, 0]);
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
    trained.stop();
    await trained.ended;
  });

  test('that find no rest are done at the end, and those that come later at once', async () => {
    const trained = new Trained();
    trained.control.resume();
    trained.stop();
    const failed = trained.control.betweenSteps(async () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    await trained.ended;
    expect(await trained.control.betweenSteps(async () => Promise.resolve(5))).toBe(5);
  });
});

test('whoever waits for a pause or a step hears when the training ends', async () => {
  const trained = new Trained();
  const waiting = [trained.control.pause(), trained.control.step(), trained.control.step()];
  trained.stop();
  await Promise.all([...waiting, trained.ended]);
  expect(trained.step).toBeLessThan(3);
  await trained.control.pause();
});
