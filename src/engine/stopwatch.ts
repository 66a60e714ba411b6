/** Times replays of a step, with device timestamps if available, otherwise with the host clock. */
import type { Device } from './device.js';
import type { Step } from './replay.js';
import { Timestamps } from './timestamps.js';

/** Target duration of a measurement: shorter ones are mostly clock noise. */
const targetMs = { device: 2, host: 30 };
const mostTimes = 200;

/**
 * Measures each step once per round. Each round measures all steps, in alternating order, so that a slow moment of
 * the machine affects all of them. Short steps run several times in one measurement. Units: milliseconds.
 *
 * Resolves with [step][round]. Throws: DeviceError when the device is lost.
 */
export async function timeInTurns(
  device: Device,
  steps: readonly Step[],
  rounds: number,
): Promise<number[][]> {
  const stopwatch = new Stopwatch(device);
  const results = steps.map((step) => ({ step, times: 1, ms: [] as number[] }));
  try {
    for (const result of results) result.times = stopwatch.timesFor(await stopwatch.time(result.step, 1));
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? results : results.toReversed();
      for (const { step, times, ms } of order) ms.push(await stopwatch.time(step, times));
    }
  } finally {
    stopwatch.dispose();
  }
  return results.map(({ ms }) => ms);
}

class Stopwatch {
  readonly #timestamps: Timestamps | undefined;

  constructor(private readonly device: Device) {
    if (device.hasTimestamps) this.#timestamps = new Timestamps(device, 1);
  }

  /** Number of runs per measurement of a step that takes `ms`. */
  timesFor(ms: number): number {
    const target = this.#timestamps ? targetMs.device : targetMs.host;
    return Math.max(1, Math.min(mostTimes, Math.round(target / ms)));
  }

  /** Milliseconds per replay of `times` in a row, with nothing else on the device. */
  async time(step: Step, times: number): Promise<number> {
    const timestamps = this.#timestamps;
    const ms = timestamps ? this.#byDevice(step, times, timestamps) : this.#byHost(step, times);
    return (await ms) / times;
  }

  async #byDevice(step: Step, times: number, timestamps: Timestamps): Promise<number> {
    const encoder = this.device.encoder();
    step.encode(encoder, times, timestamps.around(0));
    timestamps.resolve(encoder);
    this.device.submit(encoder);
    const [ns] = (await timestamps.read()) as [number];
    return ns / 1e6;
  }

  async #byHost(step: Step, times: number): Promise<number> {
    await this.device.idle();
    const begun = performance.now();
    step.run(times);
    await this.device.idle();
    return performance.now() - begun;
  }

  dispose(): void {
    this.#timestamps?.dispose();
  }
}
