/**
 * Tuning in the page: finds the fastest variant of each kernel on this device, and stores the choices in this browser.
 *
 * Each kernel is measured between two steps of a running training. The training then gets as much time as the measurement
 * took, so that it runs at half its speed instead of stopping. The comparison of the whole step at the end interrupts it for
 * the time of about twenty steps. A running training keeps its kernels; the choices apply to plans made later: the next
 * training, and models opened later.
 */
import { browserTuningStore } from '../../src/browser/tuning_store.js';
import { type Choice, choicesFromJson } from '../../src/engine/kernel_selection.js';
import type { Device } from '../../src/engine/device.js';
import type { TuningStore } from '../../src/engine/tune.js';
import { tuningKey } from '../../src/engine/tuning_store.js';
import { DataError, DeviceError, FileError, StateError } from '../../src/errors.js';
import { parseJson } from '../../src/json_reader.js';
import type { WorkloadOptions } from '../../src/nn/training/tuning_workload.js';
import type { Settings, StoredTuning, Tuning, TuningApi } from '../protocol.js';
import type { Context } from './context.js';
import { unlessLost } from './lost_device.js';
import { onDemand } from './on_demand_script.js';
import type { Measured } from './tuner.js';

/** Tests replace these. */
export interface TuningOptions {
  readonly store?: TuningStore;
  /** Measurements per variant. Default: depends on the device. */
  readonly repeats?: number;
  /** Notifies other tabs, and receives their notices, when the stored choices change. */
  readonly channel?: BroadcastChannel;
}

/** The built-in data sets have these images. */
const knownImages = { imageShape: { height: 28, width: 28, channels: 1 }, classes: 10 } as const;

/** The page reports the lost device separately; this says what happened to the tuning. */
const lostText =
  'tuning: the graphics device was lost before the measurement ended, so nothing has changed; tune again when it is back.';

type Progress = Parameters<TuningApi['run']>[1];

/** A software adapter needs long for each measurement. */
const usualRepeats = { software: 4, gpu: 8 } as const;

export function tuningOf(
  context: Context,
  { store = browserTuningStore(), repeats, channel }: TuningOptions = {},
): TuningApi {
  let underWay: AbortController | undefined;

  const stored = (): StoredTuning | null => {
    const choices = [...(context.device.current?.kernelSelection ?? [])].map(([, choice]) => choice);
    if (choices.length === 0) return null;
    const dates = choices.flatMap(({ date }) => (date === undefined ? [] : [Date.parse(date)]));
    return { kernels: choices.length, at: dates.length > 0 ? Math.max(...dates) : null };
  };
  const changed = (): void => {
    context.events.emit('tuned', stored());
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has one origin, and no such argument
    channel?.postMessage(null);
  };
  /** Replaces the choices, on the device and in the store. */
  const replace = async (device: Device, choices: ReadonlyMap<string, Choice>): Promise<void> => {
    await store.forget(device.fingerprint);
    if (choices.size > 0) await store.save(device.fingerprint, choices);
    use(device, choices);
    changed();
  };
  /** The choices with the key of this device, since they are valid on no other. */
  const written = ({ fingerprint, kernelSelection: choices }: Device): Uint8Array =>
    new TextEncoder().encode(
      JSON.stringify({ key: tuningKey(fingerprint), choices: Object.fromEntries(choices) }),
    );

  context.undo.own('tuning', async (bytes) => {
    const device = usableDevice(context);
    const before = written(device);
    const { key, choices } = Object(
      parseJson(bytes, (what, cause) => new DataError(`the forgotten choices: ${what}.`, { cause })),
    ) as Record<string, unknown>;
    if (key !== tuningKey(device.fingerprint))
      throw new StateError(
        'tuning: these choices were measured on another device and cannot be used on this one.',
      );
    await replace(device, choicesFromJson(choices, 'the forgotten choices'));
    return before;
  });
  const reload = async (): Promise<void> => {
    const device = context.device.current;
    if (!device) return;
    use(device, await store.load(device.fingerprint));
    context.events.emit('tuned', stored());
  };
  // Not awaited: a store that cannot be read warns and counts as empty.
  channel?.addEventListener('message', () => void reload());

  const tune = async (device: Device, settings: Settings, onProgress: Progress): Promise<Tuning> => {
    const { signal } = underWay!;
    const workload = await workloadOf(context, settings);
    const { family } = device.traits;
    const { measure } = await onDemand();
    const measured = await measure(context, device, workload, {
      repeats: repeats ?? usualRepeats[family === 'gpu' ? 'gpu' : 'software'],
      signal,
      onProgress,
    });
    const outcome = await settle(device, measured, { signal, store });
    changed();
    const { kernels, step } = measured;
    return { model: workload.model, batchSize: workload.batchSize, kernels, step, outcome };
  };

  return {
    run: async (settings, onProgress) => {
      if (underWay)
        throw new StateError('tuning: a measurement is already running; cancel it, or wait for it to end.');
      underWay = new AbortController();
      try {
        const device = usableDevice(context);
        return await unlessLost(device, lostText, async () => tune(device, settings, onProgress));
      } finally {
        underWay = undefined;
      }
    },
    cancel: async () => underWay?.abort(),
    stored: async () => stored(),
    forget: async () => {
      const device = usableDevice(context);
      const before = written(device);
      await replace(device, new Map());
      await context.undo.keep('tuning', 'forget', before);
    },
  };
}

function use({ kernelSelection: used }: Device, choices: ReadonlyMap<string, Choice>): void {
  used.clear();
  for (const [key, choice] of choices) used.set(key, choice);
}

function usableDevice({ device: { current: device } }: Context): Device {
  if (!device)
    throw new DeviceError('tuning: there is no device to measure on; use a browser with WebGPU.', {
      problem: 'no-adapter',
    });
  return device;
}

/**
 * The model, batch size and image shape of a training with these settings.
 *
 * Throws: DataError, FileError if the settings name the user's own images and these are missing; UsageError if the limit is
 * too small for them.
 */
async function workloadOf(context: Context, settings: Settings): Promise<WorkloadOptions> {
  const { model, dataset, batchSize, limit } = settings;
  // The built-in data sets have enough images for any batch, so they need not be fetched.
  const isEnough = limit === null || limit >= 2 * batchSize;
  if (dataset !== 'custom' && isEnough) return { ...knownImages, model, batchSize };
  const { batchSizeOf, split } = await onDemand();
  const { train } = split(settings, await context.data.get(dataset));
  const { height, width, channels, classCount: classes } = train;
  const imageShape = { height, width, channels };
  return { model, imageShape, classes, batchSize: batchSizeOf(settings, train) };
}

/** Applies the measured choices to the device, and stores them. */
async function settle(
  device: Device,
  { choices, isSlower }: Measured,
  { signal, store }: { readonly signal: AbortSignal; readonly store: TuningStore },
): Promise<Tuning['outcome']> {
  if (signal.aborted) return 'cancelled';
  if (choices.size === 0) return 'nothing';
  if (isSlower) return 'slower';
  device.assertUsable();
  for (const [key, choice] of choices) device.kernelSelection.set(key, choice);
  try {
    await store.save(device.fingerprint, choices);
    return 'stored';
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return 'unkept';
  }
}
