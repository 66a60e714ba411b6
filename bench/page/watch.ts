/** The measurements of `npm run bench:page` in the page: a script that runs before the page's own. */

import type { Frames } from './frames.js';

const gaps: number[] = [];
const longTasksMs: number[] = [];

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 50));
};

const watch = {
  /** Resolves with the milliseconds from the start of the navigation to the first prediction. */
  async firstPrediction(): Promise<number> {
    const marks = (): PerformanceEntryList => performance.getEntriesByName('first-prediction');
    await until(() => marks().length > 0);
    return marks()[0]!.startTime;
  },

  async reached(step: number): Promise<void> {
    await until(() => (watch.steps() ?? 0) >= step);
  },

  /** The number of steps that the page shows; undefined before the first. */
  steps(): number | undefined {
    const text = document.querySelector('#train')?.textContent ?? '';
    const place = /epoch ([\d,]+) of [\d,]+ · step ([\d,]+) of ([\d,]+)/.exec(text);
    if (!place) return undefined;
    const [epoch = 1, step = 0, perEpoch = 0] = place
      .slice(1)
      .map((number) => Number(number.replaceAll(',', '')));
    return (epoch - 1) * perEpoch + step;
  },

  /** The next number of steps that the page shows, and its time. */
  async nextStep(): Promise<{ readonly step: number; readonly at: number }> {
    const begun = watch.steps();
    return new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        const step = watch.steps();
        if (step === undefined || step === begun) return;
        observer.disconnect();
        resolve({ step, at: performance.now() });
      });
      observer.observe(document.querySelector('#train')!, {
        subtree: true,
        childList: true,
        characterData: true,
      });
    });
  },

  beginFrames(): void {
    let last = 0;
    const onFrame = (now: number): void => {
      if (last > 0) gaps.push(now - last);
      last = now;
      requestAnimationFrame(onFrame);
    };
    requestAnimationFrame(onFrame);
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longTasksMs.push(duration);
    }).observe({ type: 'longtask' });
  },

  frames(): Frames {
    const sorted = gaps.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    return { count: gaps.length, medianMs: at(0.5), p95Ms: at(0.95), worstMs: at(1), longTasksMs };
  },

  /** Images per second of the bare worker at `address`. */
  async bare(address: string, request: unknown): Promise<number> {
    const worker = new Worker(address, { type: 'module' });
    const answer = await new Promise<{ imagesPerSecond?: number; error?: string }>((resolve, reject) => {
      worker.addEventListener(
        'message',
        ({ data }: MessageEvent<{ imagesPerSecond?: number; error?: string }>) => resolve(data),
      );
      worker.addEventListener('error', ({ message }) => reject(new Error(message)));
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's has none
      worker.postMessage(request);
    });
    if (answer.imagesPerSecond === undefined) throw new Error(answer.error);
    return answer.imagesPerSecond;
  },
};

Object.assign(globalThis, { watch });
