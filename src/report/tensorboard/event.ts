/**
 * The events that TensorBoard reads. Each is a protobuf message with one summary value.
 *
 *   Event   { 1 double wall_time, 2 int64 step, 3 string file_version, 5 Summary { 1 Value } }
 *   Value   { 1 tag, 2 float simple_value, 4 Image, 5 Histogram, 8 Tensor, 9 Metadata }
 *
 * Source: TensorFlow's event.proto, summary.proto, histogram.proto and tensor.proto (field numbers).
 */
import type { Histogram } from './histogram.js';
import { type Encoded, bytes, concat, double, float, int, packedDoubles } from './protobuf.js';

/** Seconds since 1970, and the step. */
export interface Moment {
  readonly wallTime: number;
  readonly step: number;
}

/** The first event of every file. */
export function versionEvent(wallTime: number): Encoded {
  return concat([double(1, wallTime), bytes(3, 'brain.Event:2')]);
}

export function scalarEvent(moment: Moment, tag: string, value: number): Encoded {
  return event(moment, tag, [float(2, value)]);
}

/** A PNG with this number of channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
export function imageEvent(
  moment: Moment,
  tag: string,
  { png, width, height, channels }: { png: Uint8Array; width: number; height: number; channels: number },
): Encoded {
  return event(moment, tag, [bytes(4, [int(1, height), int(2, width), int(3, channels), bytes(4, png)])]);
}

export function histogramEvent(moment: Moment, tag: string, histogram: Histogram): Encoded {
  const { min, max, count, sum, sumOfSquares, limits, counts } = histogram;
  return event(moment, tag, [
    bytes(5, [
      double(1, min),
      double(2, max),
      double(3, count),
      double(4, sum),
      double(5, sumOfSquares),
      packedDoubles(6, limits),
      packedDoubles(7, counts),
    ]),
  ]);
}

/** DT_STRING of TensorFlow's types.proto. */
const stringType = 7;

/** The model's graph: a scalar tensor with Keras's JSON of the model. */
export function kerasModelEvent(moment: Moment, tag: string, json: string): Encoded {
  // Tensor { 1 dtype, 2 shape, 8 string_val }; Metadata { 1 PluginData { 1 plugin_name, 2 content } }.
  return event(moment, tag, [
    bytes(8, [int(1, stringType), bytes(2, []), bytes(8, json)]),
    bytes(9, [bytes(1, [bytes(1, 'graph_keras_model'), bytes(2, '1')])]),
  ]);
}

/** A missing step means zero, so zero is omitted, as by every protobuf library. */
function event({ wallTime, step }: Moment, tag: string, value: readonly Encoded[]): Encoded {
  return concat([
    double(1, wallTime),
    ...(step === 0 ? [] : [int(2, step)]),
    bytes(5, [bytes(1, [bytes(1, tag), ...value])]),
  ]);
}
