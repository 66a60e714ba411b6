// Starts `demo` as a user does, for scripts that visit the page.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const cli = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist', 'cli.mjs');

/**
 * The address ends in a slash.
 *
 * @returns {Promise<{ address: string, stop: () => void }>}
 */
export async function startPageServer() {
  const child = spawn(process.execPath, [cli, 'demo', '--json'], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.startsWith('{')) continue;
    const { address } = /** @type {{ address: string }} */ (JSON.parse(line));
    return { address, stop: () => child.kill('SIGTERM') };
  }
  throw new Error('the demo server ended before it printed its address');
}
