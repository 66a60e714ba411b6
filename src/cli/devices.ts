/** `devices`: lists the adapters of this machine, and shows which one is used, why, and its limits. */
import { noAdapter } from '../node/no_adapter.js';
import { findAdapter, listAdapters } from '../node/open.js';
import type { DevicesOptions } from './commands.js';
import { deviceChoice, openDevice } from './device.js';
import { bold, openOutput, table } from './output.js';

/** The limits that bound the size of models and batches. */
const shownLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupsPerDimension',
] as const;

export async function devices(options: DevicesOptions): Promise<number> {
  const output = openOutput(options);
  const adapters = await listAdapters();
  if (adapters.length === 0) throw noAdapter('Dawn lists no adapter');
  output.say(bold(output, 'Adapters'));
  output.say(
    ...table(
      ['backend', 'name'],
      adapters.map(({ backend, name }) => [backend, name]),
    ),
  );

  const adapter = await findAdapter(deviceChoice(options));
  const device = await openDevice(options);
  const { traits, fingerprint } = device;
  const why =
    options.device === undefined
      ? whyChosen(adapters.length, traits.family)
      : `its name contains '${options.device}'`;
  output.say('', `${bold(output, 'Used')}: ${fingerprint.adapter}, because ${why}.`);
  output.say(
    ...table(
      ['', ''],
      [
        ['driver', fingerprint.driver],
        ['vendor', `${fingerprint.vendor}, ${fingerprint.architecture}`],
        ['runtime', fingerprint.runtime],
        ['kernels', `${traits.family} family`],
        [
          'subgroups',
          traits.subgroupSize > 0 ? `${traits.subgroupSize} wide` : 'not used: their size varies',
        ],
        ['timestamps', device.hasTimestamps ? 'yes' : 'no'],
      ],
    ).slice(1), // without the head
  );
  const limits = Object.fromEntries(shownLimits.map((limit) => [limit, device.gpu.limits[limit]]));
  output.say('', bold(output, 'Limits'), ...table(['limit', 'value'], Object.entries(limits)));
  const features = [...adapter.features].sort();
  output.say('', `${bold(output, 'Features')}: ${features.join(', ')}`);
  output.result({ adapters, used: { ...fingerprint, family: traits.family, why, limits, features } });
  return 0;
}

function whyChosen(count: number, family: string): string {
  if (count === 1) return 'it is the only one';
  return family === 'software' ? 'no GPU is available' : 'it is the fastest one available';
}
