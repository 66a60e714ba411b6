/** Rows of the kernel table: order, grouping by layer, and sums. */
import type { KernelRow } from '../protocol.js';

export type Direction = 'all' | 'forward' | 'backward';
export type SortKey = 'layer' | 'kernel' | 'pass' | 'variant' | 'shapes' | 'ms' | 'gflops' | 'gbytes';

export interface Sorting {
  readonly key: SortKey;
  readonly isDescending: boolean;
}

export interface KernelGroup {
  /** A layer's name, or `inputs`, `loss`, `optimizer`, `other`; empty if rows are not grouped. */
  readonly scope: string;
  readonly rows: readonly KernelRow[];
  /** Null without times. */
  readonly ms: number | null;
}

/** The layer that lists a row: that of the primitive into which the other ops were fused. */
export function scopeOf({ scopes }: KernelRow): string {
  return scopes[0] ?? 'other';
}

export function passOf(row: KernelRow): 'forward' | 'backward' | 'update' {
  if (row.isBackward) return 'backward';
  return scopeOf(row) === 'optimizer' ? 'update' : 'forward';
}

/**
 * Details that the file name of a kernel omits: its primitive, the fused ops, and other layers that it computes, such as
 * `of conv2d/input_gradient with relu/input_gradient, also for activation`.
 */
export function detailWords({ label, shader, scopes }: KernelRow): string {
  const [primitive = '', ...fused] = label.split(' + ');
  const names = fused.map((name) => name.replace(/\/forward$/, ''));
  const others = scopes.slice(1);
  const what = [
    ...(shader.startsWith(primitive) ? [] : [`of ${primitive}`]),
    ...(names.length > 0 ? [`with ${names.join(', ')}`] : []),
  ].join(' ');
  return [what, others.length > 0 ? `also for ${others.join(', ')}` : ''].filter(Boolean).join(', ');
}

/** Sorted rows of one direction. With `isGrouped`, grouped by layer; sorting by time sorts the layers by their sums. */
export function kernelGroups(
  rows: readonly KernelRow[],
  options: { readonly direction: Direction; readonly sorting: Sorting; readonly isGrouped: boolean },
): KernelGroup[] {
  const { direction, sorting, isGrouped } = options;
  // The order of the step, whatever the direction.
  const order = [...new Set(rows.map(scopeOf))];
  const shown = rows.filter((row) => direction === 'all' || passOf(row) === direction);
  const sorted = [...shown].sort((a, b) => compare(a, b, sorting, order));
  if (!isGrouped) return [{ scope: '', rows: sorted, ms: sumOf(sorted) }];
  const groups = order.map((scope) => {
    const own = sorted.filter((row) => scopeOf(row) === scope);
    return { scope, rows: own, ms: sumOf(own) };
  });
  const filled = groups.filter((group) => group.rows.length > 0);
  const sign = sorting.isDescending ? -1 : 1;
  if (sorting.key === 'ms') return filled.sort((a, b) => sign * ((a.ms ?? 0) - (b.ms ?? 0)));
  return sorting.key === 'layer' && sorting.isDescending ? filled.reverse() : filled;
}

/** A layer whose kernel can be shown, or the softmax after it, which a training computes with the loss. */
export interface LayerPart {
  readonly layer: string;
  readonly isSoftmax: boolean;
}

/** The kernel that computes a layer's output: its last forward kernel, or the kernel that the layer was fused into. */
export function kernelOfLayer(
  rows: readonly KernelRow[],
  { layer, isSoftmax }: LayerPart,
): KernelRow | undefined {
  const forward = rows.filter(
    ({ isBackward, label }) => !isBackward && label.startsWith('softmax') === isSoftmax,
  );
  const isOwn = (row: KernelRow): boolean => scopeOf(row) === layer || (isSoftmax && scopeOf(row) === 'loss');
  return forward.findLast(isOwn) ?? forward.findLast(({ scopes }) => scopes.includes(layer));
}

function sumOf(rows: readonly KernelRow[]): number | null {
  return rows.every(({ ms }) => ms !== null) ? rows.reduce((sum, { ms }) => sum + ms!, 0) : null;
}

/** Sort key of a row; null comes last in both directions. */
const values: Readonly<
  Record<SortKey, (row: KernelRow, order: readonly string[]) => string | number | null>
> = {
  layer: (row, order) => order.indexOf(scopeOf(row)),
  kernel: ({ shader }) => shader,
  pass: (row) => ['forward', 'backward', 'update'].indexOf(passOf(row)),
  variant: ({ variant }) => variant,
  shapes: ({ shapes }) => shapes,
  ms: ({ ms }) => ms,
  gflops: ({ gflops }) => gflops,
  gbytes: ({ gbytes }) => gbytes,
};

/** Ties keep the order of the step. */
function compare(
  a: KernelRow,
  b: KernelRow,
  { key, isDescending }: Sorting,
  order: readonly string[],
): number {
  const x = values[key](a, order);
  const y = values[key](b, order);
  if (x === null || y === null) return Number(x === null) - Number(y === null) || a.index - b.index;
  const difference = x === y ? 0 : x < y ? -1 : 1;
  return (isDescending ? -difference : difference) || a.index - b.index;
}
