/** Table of the kernels of a step, optionally grouped by layer, and the WGSL of the selected one. */
import { figures, grouped, percent } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element, enable, onPress, setAttribute } from '../elements.js';
import type { InspectingApi, KernelRow } from '../protocol.js';
import { withComments } from '../shader_comments.js';
import { CodePanel } from './inside_code.js';
import {
  type Direction,
  detailWords,
  type KernelGroup,
  type LayerPart,
  type SortKey,
  type Sorting,
  kernelGroups,
  kernelOfLayer,
  passOf,
  scopeOf,
} from './inside_kernel_rows.js';
import { msWords, scopeWords } from './inside_words.js';

type Table = Awaited<ReturnType<InspectingApi['kernels']>>;

export interface TableContext {
  /** The names of the model's layers, in order. */
  readonly layers: readonly string[];
  readonly hasTimestamps: boolean;
}

interface Column {
  /** Undefined if the column cannot be sorted. */
  readonly key: SortKey | undefined;
  readonly title: string;
  readonly isNumber: boolean;
  /** Hidden if rows are grouped by layer. */
  readonly isUngroupedOnly?: true;
  cell(row: KernelRow, totalMs: number | null): readonly (Node | string)[];
}

const directions: readonly (readonly [Direction, string])[] = [
  ['all', 'All'],
  ['forward', 'Forward'],
  ['backward', 'Backward'],
];

export class KernelsPart {
  readonly root = element('div', { class: 'stack' });
  readonly #about = element('p', { class: 'quiet', role: 'status' });
  readonly #region = element('div', {
    class: 'scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Table of kernels',
  });
  readonly #remark = element('p', { class: 'quiet' });
  readonly #controls = element('div', { class: 'row' });
  readonly #measure = element(
    'button',
    { type: 'button', class: 'button small row-end', hidden: true },
    'Measure again',
  );
  readonly #code: CodePanel;
  readonly #columns: readonly Column[];
  #table: Table | undefined;
  #sorting: Sorting = { key: 'layer', isDescending: false };
  #direction: Direction = 'all';
  #isGrouped = true;
  #chosen: number | undefined;

  constructor(
    private readonly app: App,
    measure: () => void,
  ) {
    this.#code = new CodePanel(app);
    this.#columns = columnsFor((row) => this.#button(row));
    onPress(this.#measure, measure);
    this.#controls.append(this.#directionChoice(), this.#groupingChoice());
    this.root.append(
      element('div', { class: 'row' }, element('h3', {}, 'The kernels'), this.#measure),
      this.#about,
      this.#controls,
      this.#region,
      this.#remark,
      this.#code.root,
    );
    this.say('');
  }

  get table(): Table | undefined {
    return this.#table;
  }

  /** Explains why there is no table yet; `canMeasure` if retrying may help. */
  say(text: string, canMeasure = false): void {
    this.#measure.hidden = !canMeasure;
    this.#table = undefined;
    this.#chosen = undefined;
    this.#about.textContent = text;
    for (const part of [this.#controls, this.#region, this.#remark]) part.hidden = true;
    this.#code.hide();
  }

  set isBusy(isBusy: boolean) {
    setAttribute(this.#measure, 'aria-busy', isBusy && 'true');
    enable(this.#measure, !isBusy);
  }

  async show(table: Table, around: TableContext): Promise<void> {
    const before = this.#chosen === undefined ? undefined : this.#table?.rows[this.#chosen];
    this.#table = table;
    this.#about.textContent = aboutWords(table, around);
    this.#remark.textContent = remarkWords(table, around);
    for (const part of [this.#controls, this.#region, this.#remark, this.#measure]) part.hidden = false;
    // Keeps the selected kernel, so that a new measurement only changes numbers.
    const again = table.rows.find(
      ({ label, shader, shapes }) =>
        label === before?.label && shader === before.shader && shapes === before.shapes,
    );
    const parts = around.layers.map((layer) => ({ layer, isSoftmax: false }));
    const chosen = again ?? parts.map((part) => kernelOfLayer(table.rows, part)).find(Boolean);
    this.#chosen = chosen?.index;
    this.#draw();
    if (chosen) await this.#choose(chosen);
  }

  /** Shows the WGSL that computes a layer's output; resolves with false if the table has no such kernel. */
  async showLayer(part: LayerPart): Promise<boolean> {
    const row = this.#table && kernelOfLayer(this.#table.rows, part);
    if (!row) return false;
    await this.#choose(row);
    this.#code.reveal();
    return true;
  }

  async #choose(row: KernelRow): Promise<void> {
    this.#chosen = row.index;
    this.#mark();
    const code = await this.app.worker.inspecting.source(row.index);
    const source = await withComments(row.shader, code);
    // The user may have selected another kernel, or the table may have been removed.
    if (this.#chosen !== row.index) return;
    this.#code.show({ title: `${row.shader}.wgsl`, about: kernelWords(row), source });
  }

  // ---- the table ----

  #draw(): void {
    const { rows, totalMs } = this.#table!;
    const columns = this.#columns.filter(({ isUngroupedOnly }) => !(isUngroupedOnly && this.#isGrouped));
    const groups = kernelGroups(rows, {
      direction: this.#direction,
      sorting: this.#sorting,
      isGrouped: this.#isGrouped,
    });
    this.#region.replaceChildren(
      element(
        'table',
        { class: 'table kernels' },
        element('caption', { class: 'sr-only' }, 'The kernels of a step and their times'),
        element('thead', {}, element('tr', {}, ...columns.map((column) => this.#header(column)))),
        ...groups.map((group) => this.#body(group, columns, totalMs)),
      ),
    );
    this.#mark();
  }

  #header({ key, title, isNumber }: Column): HTMLElement {
    if (!key) return element('th', { scope: 'col' }, title);
    const { key: sorted, isDescending } = this.#sorting;
    const order = isDescending ? 'descending' : 'ascending';
    const button = element('button', { type: 'button', class: 'sort', 'data-key': key }, title);
    button.addEventListener('click', () => {
      // Numbers sort in descending order first.
      const isDescending = sorted === key ? !this.#sorting.isDescending : isNumber;
      this.#sorting = { key, isDescending };
      this.#draw();
      this.#region.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus();
    });
    return element(
      'th',
      { scope: 'col', class: isNumber && 'number', 'aria-sort': sorted === key && order },
      button,
    );
  }

  #body(group: KernelGroup, columns: readonly Column[], totalMs: number | null): HTMLElement {
    const body = element('tbody');
    if (group.scope !== '') body.append(groupRow(group, totalMs, columns));
    for (const row of group.rows) {
      const cells = columns.map((column) =>
        element('td', { class: column.isNumber && 'number' }, ...column.cell(row, totalMs)),
      );
      body.append(element('tr', { 'data-index': row.index }, ...cells));
    }
    return body;
  }

  #button(row: KernelRow): HTMLButtonElement {
    const button = element('button', { type: 'button', class: 'kernel' }, row.shader);
    button.addEventListener('click', () => void this.app.attempt('inside', () => this.#choose(row)));
    return button;
  }

  #mark(): void {
    for (const row of this.#region.querySelectorAll<HTMLElement>('tr[data-index]')) {
      const isChosen = row.dataset['index'] === String(this.#chosen);
      row.classList.toggle('chosen', isChosen);
      setAttribute(row.querySelector('.kernel')!, 'aria-pressed', String(isChosen));
    }
  }

  // ---- controls ----

  #directionChoice(): HTMLElement {
    const labels = directions.map(([value, text]) => {
      const input = element('input', {
        type: 'radio',
        name: 'inside-direction',
        value,
        checked: value === this.#direction,
      });
      input.addEventListener('change', () => {
        this.#direction = value;
        this.#draw();
      });
      return element('label', {}, input, element('span', {}, text));
    });
    return element(
      'fieldset',
      { class: 'segmented small' },
      element('legend', { class: 'sr-only' }, 'Direction'),
      ...labels,
    );
  }

  #groupingChoice(): HTMLElement {
    const input = element('input', { type: 'checkbox', checked: true });
    input.addEventListener('change', () => {
      this.#isGrouped = input.checked;
      this.#draw();
    });
    return element('label', { class: 'check' }, input, element('span', {}, 'Group by layer'));
  }
}

function columnsFor(button: (row: KernelRow) => HTMLElement): readonly Column[] {
  return [
    {
      key: 'layer',
      title: 'Layer',
      isNumber: false,
      isUngroupedOnly: true,
      cell: (row) => [scopeOf(row)],
    },
    {
      key: 'kernel',
      title: 'Kernel',
      isNumber: false,
      cell: (row) => [button(row), element('small', {}, detailWords(row))],
    },
    { key: 'pass', title: 'Pass', isNumber: false, cell: (row) => [passOf(row)] },
    { key: 'variant', title: 'Variant', isNumber: false, cell: ({ variant }) => [variant] },
    {
      key: 'shapes',
      title: 'Shapes',
      isNumber: false,
      cell: ({ shapes }) => [element('span', { class: 'mono shapes' }, shapes)],
    },
    { key: 'ms', title: 'ms', isNumber: true, cell: ({ ms }) => [ms === null ? '–' : msWords(ms)] },
    {
      key: undefined,
      title: 'Share',
      isNumber: false,
      cell: ({ ms }, totalMs) => shareCell(ms, totalMs),
    },
    { key: 'gflops', title: 'GFLOP/s', isNumber: true, cell: ({ gflops }) => [rateWords(gflops)] },
    { key: 'gbytes', title: 'GB/s', isNumber: true, cell: ({ gbytes }) => [rateWords(gbytes)] },
  ];
}

function groupRow(
  { scope, ms }: KernelGroup,
  totalMs: number | null,
  columns: readonly Column[],
): HTMLElement {
  const time = columns.findIndex(({ key }) => key === 'ms');
  const words = scopeWords(scope);
  return element(
    'tr',
    { class: 'group' },
    element(
      'th',
      { scope: 'rowgroup', colspan: time },
      scope,
      ...(words ? [' ', element('small', {}, words)] : []),
    ),
    element('td', { class: 'number' }, ms === null ? '–' : msWords(ms)),
    element('td', {}, ...shareCell(ms, totalMs)),
    element('td', { colspan: columns.length - time - 2 }),
  );
}

/** A bar and the share of the total. */
function shareCell(ms: number | null, totalMs: number | null): Node[] {
  if (ms === null || !totalMs) return [];
  const bar = element('span');
  bar.style.width = `${(100 * ms) / totalMs}%`;
  return [
    element('span', { class: 'share', 'aria-hidden': 'true' }, bar),
    element('span', { class: 'percent' }, percent(ms / totalMs, 1)),
  ];
}

function rateWords(rate: number | null): string {
  if (rate === null) return '';
  return rate < 0.01 ? '< 0.01' : figures(rate);
}

function kernelWords(row: KernelRow): string {
  const { label, scopes, variant, shapes, workgroups } = row;
  const layers = scopes.length > 0 ? `for ${scopes.join(', ')}` : '';
  return [label, layers, variant, shapes, `${workgroups.join(' × ')} workgroups`].filter(Boolean).join(' · ');
}

function aboutWords({ of, rows, totalMs }: Table, { hasTimestamps }: TableContext): string {
  const what = of === 'training' ? 'A training step' : 'The prediction of one image';
  return `${what} runs ${grouped(rows.length)} kernels on this device, each compiled for its shapes. ${timesWords(totalMs, hasTimestamps)} Select one to read its WGSL.`;
}

function timesWords(totalMs: number | null, hasTimestamps: boolean): string {
  if (totalMs !== null) return `Together they take ${msWords(totalMs)} ms.`;
  return hasTimestamps
    ? 'The training ended before they were timed.'
    : 'GPU timestamps are not available in this browser.';
}

/** The layers without their own kernel, and why. */
function remarkWords({ of, rows }: Table, { layers }: TableContext): string {
  const own = new Set(rows.map(scopeOf));
  const guests = new Set(rows.flatMap(({ scopes }) => scopes));
  const fused = layers.filter((name) => !own.has(name) && guests.has(name));
  const none = layers.filter((name) => !guests.has(name));
  const what = of === 'training' ? 'step' : 'prediction';
  return [
    ...(fused.length > 0 ? [`${fused.join(', ')}: fused into the kernels of other layers.`] : []),
    ...(none.length > 0 ? [`${none.join(', ')}: nothing to compute in a ${what}.`] : []),
  ].join(' ');
}
