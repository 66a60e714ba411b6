/**
 * Plan: two epochs as JSON and as CSV, to the letter; numbers that JSON does not know; names that CSV must quote;
 * any history survives JSON; text that is no history is a DataError.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.js';
import { historyFromJson, historyToCsv, historyToJson } from '../../src/report/history.js';

const history = {
  epochs: [1, 2],
  metrics: { accuracy: [0.9375, 0.98], loss: [0.25, 1e-7], val_accuracy: [null, 0.9811] },
};

describe('history', () => {
  it('as JSON', () => {
    expect(historyToJson(history)).toMatchInlineSnapshot(`
      "{
        "epochs": [1, 2],
        "metrics": {
          "accuracy": [0.9375, 0.98],
          "loss": [0.25, 1e-7],
          "val_accuracy": [null, 0.9811]
        }
      }
      "
    `);
    expect(historyToJson({ epochs: [], metrics: {} })).toBe('{\n  "epochs": [],\n  "metrics": {}\n}\n');
  });

  it('as CSV', () => {
    expect(historyToCsv(history)).toBe(
      'epoch,accuracy,loss,val_accuracy\n1,0.9375,0.25,\n2,0.98,1e-7,0.9811\n',
    );
    expect(historyToCsv({ epochs: [3], metrics: { 'a,"b"': [NaN] } })).toBe('epoch,"a,""b"""\n3,NaN\n');
    expect(historyToCsv({ epochs: [], metrics: {} })).toBe('epoch\n');
  });

  it('as JSON, and back, whatever the numbers', () => {
    const value = fc.oneof(fc.double(), fc.constantFrom(null, NaN, -0, Infinity, -Infinity));
    const any = fc.nat(5).chain((count) =>
      fc.record({
        epochs: fc.array(fc.integer({ min: 1 }), { minLength: count, maxLength: count }),
        metrics: fc.dictionary(fc.string(), fc.array(value, { minLength: count, maxLength: count }), {
          noNullPrototype: true,
        }),
      }),
    );
    fc.assert(
      fc.property(any, (all) => {
        const text = historyToJson(all);
        expect(historyFromJson(text, 'x')).toEqual(all);
        expect(historyToJson(historyFromJson(text, 'x'))).toBe(text);
      }),
    );
  });

  it.each([
    ['[]', 'h: not a training history: it is [], expected an object.'],
    ['{"epochs":[1]}', 'h: not a training history: it has no metrics.'],
    [
      '{"epochs":[0],"metrics":{}}',
      'h: not a training history: epochs[0] is 0, expected a positive integer.',
    ],
    [
      '{"epochs":[1],"metrics":{"loss":[]}}',
      'h: not a training history: metrics.loss has 0 entries, expected 1, one per epoch.',
    ],
    [
      '{"epochs":[1],"metrics":{"loss":["low"]}}',
      'h: not a training history: metrics.loss[0] is "low", expected a number, null, "NaN", "Infinity" or "-Infinity".',
    ],
    [
      '{"epochs":[1],"metrics":{"loss":[[1]]}}',
      'h: not a training history: metrics.loss[0] is [1], expected a number, null, "NaN", "Infinity" or "-Infinity".',
    ],
  ])('%s is none', (text, message) => {
    expect(() => historyFromJson(text, 'h')).toThrow(new DataError(message));
  });

  it('what is not JSON is none', () => {
    expect(() => historyFromJson('{"epochs":', 'h')).toThrow(/^h: not a training history: it is not JSON \(/);
    expect(() => historyFromJson('', 'h')).toThrow(DataError);
  });
});
