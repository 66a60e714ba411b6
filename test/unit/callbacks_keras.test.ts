/**
 * Callbacks against Keras's own: random options and metrics, what Keras 3.15.1 made of them
 * (test/traces/make_callback_values.py), and the same here:
 *   earlyStopping: epochs trained, weights left, messages
 *   reduceLrOnPlateau: rates, messages
 *   modelCheckpoint: files saved, messages
 *   csvLogger: the file's bytes
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Callback, Logs } from '../../src/nn/callbacks/callback.js';
import { earlyStopping, modelCheckpoint, reduceLrOnPlateau } from '../../src/nn/callbacks/index.js';
import { csvLogger } from '../../src/report/csv_log.js';
import { memoryFolder } from '../../src/memory_folder.js';
import { play } from './fake_training.js';

/** A metric: a number, or the name of one that JSON does not know, or missing in this epoch. */
type Value = number | 'nan' | '-inf' | 'missing';

interface Case {
  readonly monitor: string;
  readonly name: string;
  readonly options: Readonly<Record<string, never>>;
  readonly values: readonly Value[];
  readonly messages: readonly string[];
  readonly epochs: number;
  readonly weights: number;
  readonly rates: readonly number[];
  readonly saved: readonly string[];
}

interface Values {
  readonly earlyStopping: readonly Case[];
  readonly reduceLrOnPlateau: readonly Case[];
  readonly modelCheckpoint: readonly Case[];
  readonly csvLogger: {
    readonly rows: readonly Readonly<Record<string, Value>>[];
    readonly texts: readonly string[];
  };
}

const file = new URL('../traces/callback_values.json', import.meta.url);
const keras = JSON.parse(readFileSync(file, 'utf8')) as Values;

function numberOf(value: Value): number {
  return value === 'nan' ? Number.NaN : value === '-inf' ? -Infinity : Number(value);
}

function logsOf(monitor: string, values: readonly Value[]): Logs[] {
  return values.map((value): Logs => (value === 'missing' ? {} : { [monitor]: numberOf(value) }));
}

/** Keras's options in our spelling. */
function ours(options: Case['options'], said: string[]): Record<string, never> {
  const listeners = { say: (text: string) => said.push(text), warn: () => undefined };
  const renamed = Object.entries(options).map(([key, value]) => [
    key.replaceAll(/_[a-z]/g, (letters) => letters[1]!.toUpperCase()),
    value,
  ]);
  return { ...(Object.fromEntries(renamed) as object), ...listeners } as unknown as Record<string, never>;
}

describe.each(keras.earlyStopping.map((one, i) => [i, one] as const))(
  'earlyStopping %i',
  (_, { monitor, options, values, epochs, weights, messages }) => {
    it('does as Keras', async () => {
      const said: string[] = [];
      const callback: Callback = earlyStopping({ monitor, ...ours(options, said) });
      const played = await play(callback, logsOf(monitor, values));
      expect({ epochs: played.epochs, weights: played.weights, messages: said }).toEqual({
        epochs,
        weights,
        messages,
      });
    });
  },
);

describe.each(keras.reduceLrOnPlateau.map((one, i) => [i, one] as const))(
  'reduceLrOnPlateau %i',
  (_, { monitor, options, values, rates, messages }) => {
    it('does as Keras', async () => {
      const said: string[] = [];
      const callback = reduceLrOnPlateau({ monitor, ...ours(options, said) });
      const played = await play(callback, logsOf(monitor, values));
      expect({ rates: played.rates, messages: said }).toEqual({ rates, messages });
    });
  },
);

describe.each(keras.modelCheckpoint.map((one, i) => [i, one] as const))(
  'modelCheckpoint %i',
  (_, { name, options, values, saved, messages }) => {
    it('does as Keras', async () => {
      const said: string[] = [];
      const callback = modelCheckpoint({ folder: memoryFolder(), name, ...ours(options, said) });
      const played = await play(callback, logsOf('val_loss', values));
      const messagesHere = said.map((text) => text.replace(/memory\/(.*)\.safetensors$/, '$1.keras'));
      expect({ saved: played.saved, messages: messagesHere }).toEqual({ saved, messages });
    });
  },
);

describe('csvLogger', () => {
  it('writes the bytes that Keras writes: new, appended, with another separator', async () => {
    const folder = memoryFolder();
    const rows = keras.csvLogger.rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, numberOf(value)])),
    );
    const runs = [{}, { append: true }, { separator: ';' }];
    for (const [i, options] of runs.entries()) {
      await play(csvLogger({ folder, name: 'log.csv', ...options }), rows);
      expect(folder.text('log.csv')).toBe(keras.csvLogger.texts[i]);
    }
  });

  it('takes back, when a training is resumed, the rows of epochs that it does again', async () => {
    const folder = memoryFolder();
    const logger = () => csvLogger({ folder, name: 'log.csv', append: true });
    const batches = [{ loss: 1 }];
    await play(logger(), [{ loss: 3 }, { loss: 2 }, { loss: 1 }], { batches });
    await folder.append('log.csv', '3,0.');
    const epoch = { callbacks: {} };
    await play(logger(), [{ loss: 2 }], { batches, firstEpoch: 1, kept: epoch });
    expect(folder.text('log.csv')).toBe('epoch,loss\r\n0,3.0\r\n1,2.0\r\n');
    // Another training is not the one before, resumed.
    await play(logger(), [{ loss: 5 }], { batches });
    expect(folder.text('log.csv')).toBe('epoch,loss\r\n0,3.0\r\n1,2.0\r\n0,5.0\r\n');
  });

  it('begins an appended file that is empty or missing with a header', async () => {
    const folder = memoryFolder();
    await folder.write('empty.csv', '');
    for (const name of ['empty.csv', 'missing.csv']) {
      await play(csvLogger({ folder, name, append: true }), [{ loss: 1 }]);
      expect(folder.text(name)).toBe('epoch,loss\r\n0,1.0\r\n');
    }
  });

  it('replaces a file when training begins, before the first epoch ends', async () => {
    const folder = memoryFolder();
    await folder.write('training.csv', 'old');
    await play(csvLogger({ folder }), []);
    expect(folder.text('training.csv')).toBe('');
  });

  it('ignores a metric that the first epoch did not have, and quotes names', async () => {
    const folder = memoryFolder();
    await play(csvLogger({ folder }), [
      { 'a,"b"': 0.5, loss: 1 },
      { loss: 2, late: 3 },
    ]);
    expect(folder.text('training.csv')).toBe('epoch,"a,""b""",loss\r\n0,0.5,1.0\r\n1,NA,2.0\r\n');
  });
});
