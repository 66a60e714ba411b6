/** `gradcheck`: opens the device and runs the checks on it. */
import { open } from '../node/open.js';
import type { GradcheckOptions } from './commands.js';
import { gradcheck } from './gradcheck.js';
import { openOutput } from './output.js';

export async function gradcheckCommand(options: GradcheckOptions): Promise<number> {
  const output = openOutput(options);
  const device = await open(options.device === undefined ? {} : { device: options.device });
  const { filter } = options;
  const { ok, rows, spoilt } = await gradcheck({
    device,
    say: output.say,
    ...(filter === undefined ? {} : { filter }),
  });
  output.result({ ok, rows, spoilt });
  return ok ? 0 : 1;
}
