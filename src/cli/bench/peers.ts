/** `bench --peers`: the paper model on shadegrad and on other systems, on this machine, taking turns. */
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

export type { PeerRow } from './peer_comparison.js';

/**
 * Compares, and prints the table. Every system is a process of its own, shadegrad too; training is with dropout, in f32.
 * Runners that are not installed yet are installed first; what is not part of the installation is skipped with a line.
 *
 * Throws: DeviceError when shadegrad's own process fails.
 */
export async function benchPeers(
  batchSize: number,
  options: PeerOptions,
  output: Output,
): Promise<PeerRow[]> {
  const folder = peersFolder();
  if (folder === undefined) {
    output.say('Peers: skipped: their folder bench/peers is in the repository and not in the npm package.');
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
    throw new DeviceError(`bench: shadegrad's own process in the comparison failed: ${error.message}.`, {
      cause: error,
    });
  } finally {
    rmSync(temporary, { recursive: true });
  }
}

/** A row per system; `ours` is how many times as fast shadegrad is. */
export function peerTable(rows: readonly PeerRow[]): string[] {
  const head = ['system', 'on', 'train', 'ours', 'infer', 'ours', 'first step s', 'loss differs'];
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

/** The median and the quarters around it. */
function rate(spread: Spread | undefined): string {
  if (!spread) return '–';
  const { median, low, high } = spread;
  const digits = median < 100 ? 1 : 0;
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

function times(ratio: number | undefined): string {
  return ratio === undefined ? '–' : `${ratio.toPrecision(3)}×`;
}
