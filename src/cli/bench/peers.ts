/** `bench --peers`: compares shadegrad with other systems on the paper model, on this machine. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DeviceError } from '../../errors.js';
import type { PeerOptions } from '../commands.js';
import { type Output, bold, table } from '../output.js';
import { type PeerRow, comparePeers } from './peer_comparison.js';
import { peerFixture } from './peer_fixture.js';
import { PeerFailure } from './peer_process.js';
import { installPeers, peerSystems, peersFolder } from './peer_systems.js';
import type { Spread } from './statistics.js';

/**
 * Runs the comparison and prints a table. Every system, including shadegrad, has its own process; training uses dropout and
 * f32. Installs missing runners first; systems that cannot be installed this way are skipped with a message.
 *
 * Throws: DeviceError if shadegrad's process fails.
 */
export async function benchPeers(
  batchSize: number,
  options: PeerOptions,
  output: Output,
): Promise<PeerRow[]> {
  const folder = peersFolder();
  if (folder === undefined) {
    output.say(
      'Peers are skipped: their folder bench/peers is in the repository, but not in the npm package.',
    );
    return [];
  }
  const say = (line: string): void => output.say(line);
  await installPeers(folder, say);
  const temporary = mkdtempSync(join(tmpdir(), 'shadegrad-peers-'));
  const fixture = join(temporary, 'fixture.safetensors');
  try {
    writeFileSync(fixture, peerFixture(batchSize));
    const systems = peerSystems(folder, process.argv[1]!, options);
    const { device } = options;
    const adapter = device === undefined ? {} : { device };
    const rows = await comparePeers(systems, { fixture, batchSize, say, ...adapter });
    output.say('', `${bold(output, `The paper model on other systems, batch ${batchSize}`)}, images/s:`);
    output.say(...peerTable(rows));
    for (const { system, note } of rows) if (note !== undefined) output.say(`${system}: ${note}`);
    return rows;
  } catch (error) {
    if (!(error instanceof PeerFailure)) throw error;
    throw new DeviceError(`bench: the process of shadegrad in the comparison failed: ${error.message}.`, {
      cause: error,
    });
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** One row per system; `ours` is the speedup of shadegrad over it. */
export function peerTable(rows: readonly PeerRow[]): string[] {
  const head = ['system', 'backend', 'train', 'ours', 'infer', 'ours', 'first step s', 'loss difference'];
  return table(
    head,
    rows.map((row) => [
      `${row.system} ${row.version ?? ''}`.trim(),
      row.backend ?? '–',
      rate(row.train),
      times(row.trainRatio),
      rate(row.infer),
      times(row.inferRatio),
      row.firstStepSeconds?.toFixed(1) ?? '–',
      row.lossDifference?.toExponential(0) ?? '–',
    ]),
  );
}

/** The median, with the quartiles in brackets. */
function rate(spread: Spread | undefined): string {
  if (!spread) return '–';
  const { median, low, high } = spread;
  const digits = median < 100 ? 1 : 0;
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${ratio.toPrecision(3)}×`;
}
