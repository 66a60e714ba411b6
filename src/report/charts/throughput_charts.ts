/** Images per second: several systems compared, and by batch size. */
import { maxOf } from '../../extent.js';
import { barChart } from './bar_chart.js';
import { type LineSeries, lineChart } from './line_chart.js';
import { markers } from './marker.js';
import { figures } from './numbers.js';
import { seriesColours } from './palette.js';
import { type Drawing, escape, px } from './svg.js';

export interface Throughput {
  readonly device: string;
  readonly rates: readonly {
    readonly task: 'training' | 'inference';
    readonly batchSize: number;
    readonly imagesPerSecond: number;
  }[];
  /** shadegrad and other systems, if they were measured. */
  readonly systems?: {
    readonly batchSize: number;
    readonly rows: readonly {
      readonly system: string;
      readonly training: number | undefined;
      readonly inference: number | undefined;
    }[];
  };
}

const width = 640;
const gap = 12;

/** For each device a chart of the systems, if there are any, then the batch sizes of all devices; one below the other. */
export function throughputCharts(all: readonly Throughput[]): Drawing {
  const devices = all.flatMap(({ device, systems }) => (systems ? [systemBars(device, systems)] : []));
  return below([...devices, ...taskLines(all, 'training'), ...taskLines(all, 'inference')]);
}

function systemBars(device: string, { batchSize, rows }: NonNullable<Throughput['systems']>): Drawing {
  // Fastest in training first; systems that cannot train last.
  const sorted = rows.toSorted((a, b) => (b.training ?? 0) - (a.training ?? 0));
  return barChart({
    title: `Images per second at batch ${batchSize}, ${device}`,
    categories: sorted.map(({ system }) => system),
    groups: [
      { label: 'training', values: sorted.map(({ training = Number.NaN }) => training) },
      { label: 'inference', values: sorted.map(({ inference = Number.NaN }) => inference) },
    ],
    unit: 'number',
    xLabel: 'images per second',
    format: figures,
    width,
  });
}

/** Undefined if nothing was measured for the task. */
function taskLines(all: readonly Throughput[], task: 'training' | 'inference'): Drawing[] {
  const own = all.map(({ device, rates }) => ({ device, rates: rates.filter((rate) => rate.task === task) }));
  const sizes = [...new Set(own.flatMap(({ rates }) => rates.map(({ batchSize }) => batchSize)))].sort(
    (a, b) => a - b,
  );
  if (sizes.length === 0) return [];
  const series = own.map(({ device, rates }, i): LineSeries => ({
    label: device,
    x: sizes.map((_, place) => place + 1),
    y: sizes.map((size) => rates.find(({ batchSize }) => batchSize === size)?.imagesPerSecond ?? null),
    colour: seriesColours[i % seriesColours.length]!,
    isDashed: false,
    marker: markers[i % markers.length]!,
  }));
  return [
    lineChart({
      title: `Images per second by batch size, ${task}`,
      xLabel: 'batch size',
      // The sizes are not to scale.
      nameOf: (position) => String(sizes[position - 1]),
      unit: 'number',
      series,
      mayBeLog: true,
      fromZero: true,
      format: figures,
      width,
      height: 300,
    }),
  ];
}

/** Combines several drawings into one. */
function below(drawings: readonly Drawing[]): Drawing {
  let top = 0;
  const parts = drawings.map(({ height, description, body }) => {
    const part = `<g transform="translate(0 ${px(top)})" role="img" aria-label="${escape(description)}">${body}</g>`;
    top += height + gap;
    return part;
  });
  return {
    width: maxOf(drawings.map((drawing) => drawing.width)),
    height: top - gap,
    description: drawings.map(({ description }) => description).join(' '),
    body: parts.join('\n'),
  };
}
