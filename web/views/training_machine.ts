/** What computes, and what the training step holds of its memory: a bar of the parts, and the same as a table. */
import { grouped, percent } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import type { DeviceInfo, MemoryPlan } from '../protocol.js';
import { byteText } from './training_words.js';

/** Classes of the parts, in the order in which series take their colours. */
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
              'What a training step holds is shown once one has been planned.',
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
  const kind = family === 'gpu' ? 'a graphics processor' : 'the processor, posing as a graphics one';
  const maker = [vendor, architecture].filter(Boolean).join(', ');
  const shown = name === '' ? 'Device without a name' : name;
  const timed = hasTimestamps ? 'times kernels itself' : 'does not time kernels';
  return `${shown}${maker === '' ? '' : ` (${maker})`}: ${kind}, kernels of family ${family}, subgroups of ${subgroupSize}, ${timed}.`;
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
    tableOf('Memory of the training', ['For', 'Bytes', 'Share'], rows),
    element(
      'p',
      { class: 'quiet' },
      [
        `${byteText(allocatedBytes)} are on the device now, ${byteText(peakBytes)} at the most so far.`,
        `A step is ${grouped(dispatches)} dispatches; without fusion it would be ${grouped(dispatchesWithoutFusion)}.`,
        `The model has ${grouped(parameters)} parameters.`,
        ...(accumulation === null ? [] : [accumulation]),
      ].join(' '),
    ),
  ];
}

function colourOf(place: number): string {
  return colourClasses[Math.min(place, colourClasses.length - 1)]!;
}

/** The first column names the row, the others are numbers. */
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
