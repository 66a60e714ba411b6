/** How long a step takes on the device. */
import type { Step } from '../../engine/replay.js';

/**
 * Milliseconds of one replay: between the device's own timestamps, or, where it has none, from the submit until all is
 * done, with what the host adds.
 */
export async function stepMs(step: Step): Promise<number> {
  if (step.device.hasTimestamps) {
    const profile = await step.profile();
    return profile.reduce((sum, { ns }) => sum + ns, 0) / 1e6;
  }
  await step.device.idle();
  const begun = performance.now();
  step.run();
  await step.device.idle();
  return performance.now() - begun;
}
