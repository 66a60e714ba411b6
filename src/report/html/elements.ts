/** HTML building blocks for the pages. Arguments called `text` are escaped here, those called `html` are not. */
import { type Drawing, escape, inlineSvg } from '../charts/svg.js';

/** A section of a page under a heading, with an id for links. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

export function paragraph(text: string, kind = ''): string {
  return `<p${kind === '' ? '' : ` class="${kind}"`}>${escape(text)}</p>`;
}

/** A line that replaces a section that this run does not have. */
export function absent(text: string): string {
  return paragraph(text, 'absent');
}

/** A chart with a caption; wide ones scroll sideways on narrow screens. */
export function figure(drawing: Drawing, caption = ''): string {
  const below = caption === '' ? '' : `<figcaption>${escape(caption)}</figcaption>`;
  return `<figure class="drawing"><div class="scroll">${inlineSvg(drawing)}</div>${below}</figure>`;
}

export interface Cell {
  readonly text: string;
  /** Shown in bold, after this mark unless it is empty. */
  readonly mark?: string;
}

export interface Table {
  readonly caption: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | Cell)[])[];
  /** Summary rows at the bottom. */
  readonly foot?: readonly (readonly (string | Cell)[])[];
  /** Columns of numbers, which are aligned to the right. */
  readonly numeric?: readonly number[];
  /** Only for screen readers: hidden, because the heading above says the same. */
  readonly isCaptionHidden?: boolean;
}

/** The first column is the row header. */
export function table({
  caption,
  head,
  rows,
  foot = [],
  numeric = [],
  isCaptionHidden = false,
}: Table): string {
  const align = (column: number): string => (numeric.includes(column) ? ' class="number"' : '');
  const row = (cells: Table['rows'][number]): string =>
    `<tr>${cells.map((cell, column) => tableCell(cell, column, align(column))).join('')}</tr>`;
  const headers = head.map((text, column) => `<th scope="col"${align(column)}>${escape(text)}</th>`).join('');
  const footer = foot.length === 0 ? '' : `<tfoot>${foot.map(row).join('')}</tfoot>`;
  const hidden = isCaptionHidden ? ' class="unseen"' : '';
  return `<div class="scroll"><table><caption${hidden}>${escape(caption)}</caption><thead><tr>${headers}</tr></thead><tbody>${rows.map(row).join('\n')}</tbody>${footer}</table></div>`;
}

function tableCell(cell: string | Cell, column: number, align: string): string {
  const { text, mark } = typeof cell === 'string' ? { text: cell, mark: undefined } : cell;
  const content = mark === undefined ? escape(text) : `<strong>${escape(`${mark} ${text}`.trim())}</strong>`;
  return column === 0 ? `<th scope="row"${align}>${content}</th>` : `<td${align}>${content}</td>`;
}

/** Names and values in two columns. */
export function facts(caption: string, rows: readonly (readonly [name: string, value: string])[]): string {
  return table({ caption, head: ['', ''], rows }).replace(/<thead>.*?<\/thead>/, '');
}

/** A row of headline figures. */
export function tiles(
  values: readonly { readonly name: string; readonly value: string; readonly note?: string }[],
) {
  const items = values.map(
    ({ name, value, note = '' }) =>
      `<div><dt>${escape(name)}</dt><dd>${escape(value)}${note === '' ? '' : `<small>${escape(note)}</small>`}</dd></div>`,
  );
  return `<dl class="tiles">${items.join('')}</dl>`;
}
