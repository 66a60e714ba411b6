/** A model's table of layers in the style of Keras 3. */
import type { Shape } from '../../engine/primitive.js';

export interface SummaryRow {
  readonly name: string;
  readonly className: string;
  readonly outputShape: Shape;
  readonly parameterCount: number;
  /** The number of parameters with a gradient. */
  readonly trainableCount: number;
  /** Of one sample in a forward pass. */
  readonly multiplyAdds?: number | undefined;
  /** In a graph, the names of the layer's inputs; empty for an input. */
  readonly connectedTo?: readonly string[];
}

/** The table with totals, multiply-adds if the rows have them, and for a graph the connections; column widths follow the contents. */
export function summaryTable(modelName: string, rows: readonly SummaryRow[]): string {
  const isGraph = rows.some(({ connectedTo }) => connectedTo);
  const isCosted = rows.some(({ multiplyAdds }) => multiplyAdds !== undefined);
  const numbers = ['Param #', ...(isCosted ? ['Multiply-adds'] : [])];
  const head = ['Layer (type)', 'Output Shape', ...numbers, ...(isGraph ? ['Connected to'] : [])];
  const cells = rows.map((row) => [
    `${row.name} (${row.className})`,
    `(${['None', ...row.outputShape].join(', ')})`,
    row.parameterCount.toLocaleString('en-US'),
    ...(isCosted ? [(row.multiplyAdds ?? 0).toLocaleString('en-US')] : []),
    ...(isGraph ? [row.connectedTo?.join(', ') || '-'] : []),
  ]);
  const widths = head.map((text, column) =>
    Math.max(text.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[], bar: string): string => {
    const padded = row.map((text, column) =>
      numbers.includes(head[column]!) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!),
    );
    return `${bar} ${padded.join(` ${bar} `)} ${bar}`;
  };
  const rule = (left: string, middle: string, right: string, dash: string): string =>
    left + widths.map((width) => dash.repeat(width + 2)).join(middle) + right;
  const body = cells.flatMap((row, i) => [...(i > 0 ? [rule('├', '┼', '┤', '─')] : []), line(row, '│')]);
  const sumOf = (member: 'parameterCount' | 'trainableCount' | 'multiplyAdds'): number =>
    rows.reduce((sum, row) => sum + (row[member] ?? 0), 0);
  const total = sumOf('parameterCount');
  const trainable = sumOf('trainableCount');
  return [
    `Model: "${modelName}"`,
    rule('┏', '┳', '┓', '━'),
    line(head, '┃'),
    rule('┡', '╇', '┩', '━'),
    ...body,
    rule('└', '┴', '┘', '─'),
    ` Total params: ${amount(total)}`,
    ` Trainable params: ${amount(trainable)}`,
    ` Non-trainable params: ${amount(total - trainable)}`,
    ...(isCosted ? [` Multiply-adds per sample: ${sumOf('multiplyAdds').toLocaleString('en-US')}`] : []),
  ].join('\n');
}

function amount(parameters: number): string {
  return `${parameters.toLocaleString('en-US')} (${sizeText(parameters * 4)})`;
}

/** `3.39 MB`, in Keras's units of 1024. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes.toFixed(2)} B`;
  return bytes < 2 ** 20 ? `${(bytes / 1024).toFixed(2)} KB` : `${(bytes / 2 ** 20).toFixed(2)} MB`;
}
