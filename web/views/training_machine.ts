/** The device, and the memory of the training step as a stacked bar and a table. */
import { grouped, percent } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { DeviceInfo, MemoryPlan } from '../protocol.js';
import { byteText } from './training_words.js';

/** CSS classes of the parts, in order. */
const colourClasses = ['blue', 'orange', 'green', 'pink', 'yellow', 'grey'] as const;

export function trainingMachine({ state }: App): HTMLElement {
  const summary = element('summary', {}, 'Device and memory');
  const about = element('p', { class: 'quiet' });
  const plan = element('div', { class: 'stack' });
  const root = element(
    'details',
    { class: 'training-machine' },
    summary,
    element('div', { class: 'stack' }, about, plan),
  );
  state.device.watch((device) => {
    about.textContent = device?.info ? deviceWords(device.info) : (device?.problem ?? '');
    root.hidden = !device;
  });
  state.memory.watch((memory) => {
    plan.replaceChildren(
      ...(memory
        ? memoryParts(memory)
        : [
            element(
              'p',
              { class: 'quiet' },
              'The memory of a training step appears here when a training starts.',
            ),
          ]),
    );
  });
  return root;
}

function deviceWords({
  name,
  vendor,
  architecture,
  family,
  subgroupSize,
  hasTimestamps,
}: DeviceInfo): string {
  const kind = family === 'gpu' ? 'GPU' : 'software adapter (CPU)';
  const maker = [vendor, architecture].filter(Boolean).join(', ');
  const shown = name === '' ? 'Unnamed device' : name;
  const timed = hasTimestamps ? 'timestamps available' : 'no timestamps';
  return `${shown}${maker === '' ? '' : ` (${maker})`}: ${kind}, kernel family ${family}, subgroup size ${subgroupSize}, ${timed}.`;
}

function memoryParts(memory: MemoryPlan): HTMLElement[] {
  const { parts, allocatedBytes, peakBytes, dispatches, dispatchesWithoutFusion, parameters, accumulation } =
    memory;
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  const share = (bytes: number): number => (total === 0 ? 0 : bytes / total);
  const bar = element('div', { class: 'memory-bar', 'aria-hidden': 'true' });
  parts.forEach(({ name, bytes }, i) => {
    const piece = element('div', {
      class: `memory-piece ${colourOf(i)}`,
      title: `${name}: ${byteText(bytes)}`,
    });
    piece.style.flexGrow = String(share(bytes));
    bar.append(piece);
  });
  const rows = parts.map(({ name, bytes }, i) => [
    element('span', {}, element('i', { class: `memory-key ${colourOf(i)}`, 'aria-hidden': 'true' }), name),
    byteText(bytes),
    percent(share(bytes), 1),
  ]);
  return [
    bar,
    tableOf('Memory of the training', ['Purpose', 'Size', 'Share'], rows),
    element(
      'p',
      { class: 'quiet' },
      [
        `${byteText(allocatedBytes)} are allocated on the device, ${byteText(peakBytes)} at the peak.`,
        `A step has ${grouped(dispatches)} dispatches; without fusion it would have ${grouped(dispatchesWithoutFusion)}.`,
        `The model has ${grouped(parameters)} parameters.`,
        ...(accumulation === null ? [] : [accumulation]),
      ].join(' '),
    ),
  ];
}

function colourOf(place: number): string {
  return colourClasses[Math.min(place, colourClasses.length - 1)]!;
}

/** The first column is the row header; the others are numbers. */
export function tableOf(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (Node | string)[])[],
): HTMLElement {
  const headers = head.map((text, i) =>
    element('th', { scope: 'col', class: i > 0 ? 'number' : undefined }, text),
  );
  const body = rows.map((cells) =>
    element(
      'tr',
      {},
      ...cells.map((cell, i) =>
        i === 0 ? element('th', { scope: 'row' }, cell) : element('td', { class: 'number' }, cell),
      ),
    ),
  );
  return element(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    element(
      'table',
      { class: 'table' },
      element('caption', { class: 'sr-only' }, caption),
      element('thead', {}, element('tr', {}, ...headers)),
      element('tbody', {}, ...body),
    ),
  );
}
