/** Sums of products by Einstein's convention, made of products of matrices, transposes and sums. */
import { checkArgument } from '../calls.js';
import { sizeOf } from '../engine/primitive.js';
import { type Tensor, checkTensors, describe } from '../engine/tensor.js';
import { ShapeError, UsageError } from '../errors.js';
import { text } from '../options.js';
import { multiply } from './arithmetic.js';
import { matmul } from './batch_matmul.js';
import { reshape, unchanged } from './reshape.js';
import { slice } from './slice.js';
import { sum } from './sum.js';
import { transpose } from './transpose.js';

/** A tensor with a label for each of its axes: a letter, or a number for an axis of an ellipsis, counted from its end. */
interface Term {
  readonly x: Tensor;
  readonly labels: readonly string[];
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();
const ellipsis = '...';

/** The letters and ellipses of one operand or of the output. */
function subscriptsOf(equation: string, part: string): string[] {
  const found = part.match(/\.\.\.|[a-zA-Z]/g) ?? [];
  if (found.join('') !== part || found.filter((each) => each === ellipsis).length > 1)
    throw new UsageError(
      `einsum: equation is '${equation}', expected letters, one for each axis, and at most one '...' per operand, such as 'bij,bjk->bik'.`,
    );
  return found;
}

/** The subscripts of operands and output, with a label for each axis. */
function parsed(
  equation: string,
  operands: readonly Tensor[],
): { readonly terms: readonly Term[]; readonly output: readonly string[] } {
  const [left = '', right, ...more] = equation.replaceAll(' ', '').split('->');
  const parts = left.split(',');
  if (more.length > 0 || parts.length !== operands.length)
    throw new UsageError(
      `einsum: equation is '${equation}' for ${operands.length} ${operands.length === 1 ? 'operand' : 'operands'}, expected subscripts for each, separated by ',', and at most one '->'.`,
    );
  let hidden = 0;
  const terms = operands.map((x, i) => {
    const subscripts = subscriptsOf(equation, parts[i]!);
    const at = subscripts.indexOf(ellipsis);
    const axes = x.shape.length - (at < 0 ? subscripts.length : subscripts.length - 1);
    if (axes < 0 || (at < 0 && axes > 0))
      throw new ShapeError(
        `einsum: '${parts[i]}' of '${equation}' is for ${describe(x)}, expected a letter for each axis.`,
      );
    if (at < 0) return { x, labels: subscripts };
    hidden = Math.max(hidden, axes);
    return { x, labels: subscripts.toSpliced(at, 1, ...hiddenLabels(axes)) };
  });
  const all = terms.flatMap(({ labels }) => labels);
  const letters = all.filter((label) => /[a-zA-Z]/.test(label));
  const once = letters.filter((label) => letters.indexOf(label) === letters.lastIndexOf(label));
  const output =
    right === undefined
      ? [...hiddenLabels(hidden), ...once.toSorted()]
      : subscriptsOf(equation, right).flatMap((label) =>
          label === ellipsis ? hiddenLabels(hidden) : [label],
        );
  const wrong = output.find((label, i) => !all.includes(label) || output.indexOf(label) < i);
  if (wrong !== undefined)
    throw new UsageError(
      `einsum: the output of '${equation}' has '${wrong}', expected letters of the operands, each once.`,
    );
  return { terms, output };
}

const hiddenLabels = (axes: number): string[] => Array.from({ length: axes }, (_, i) => String(axes - i));

/** The extents by label. Throws: ShapeError for two extents that differ if neither is 1. */
function extentsOf(equation: string, terms: readonly Term[]): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  for (const { x, labels } of terms)
    labels.forEach((label, axis) => {
      const [extent, other] = [x.shape[axis]!, extents.get(label) ?? 1];
      if (extent !== 1 && other !== 1 && extent !== other)
        throw new ShapeError(
          `einsum: '${label}' of '${equation}' is ${other} and ${extent}, expected equal extents, or 1.`,
        );
      extents.set(label, Math.max(extent, other));
    });
  return extents;
}

/** The diagonals of axes with the same label. */
function diagonal(equation: string, { x, labels }: Term): Term {
  const second = labels.findIndex((label, axis) => labels.indexOf(label) < axis);
  if (second < 0) return { x, labels };
  const first = labels.indexOf(labels[second]!);
  const n = x.shape[first]!;
  if (n !== x.shape[second])
    throw new ShapeError(
      `einsum: '${labels[first]}' of '${equation}' is ${n} and ${x.shape[second]} in ${describe(x)}, expected the equal extents of a diagonal.`,
    );
  const others = labels.map((_, axis) => axis).filter((axis) => axis !== first && axis !== second);
  const shape = others.map((axis) => x.shape[axis]!);
  const last = transpose(x, [...others, first, second]);
  // The elements of a diagonal are one more than a row apart.
  const flat = reshape(last, [sizeOf(shape), n * n]);
  return diagonal(equation, {
    x: reshape(slice(flat, [0, 0], [-1, n], [1, n + 1]), [...shape, n]),
    labels: [...others.map((axis) => labels[axis]!), labels[first]!],
  });
}

/** Without the axes of extent 1 that broadcast along a label, and summed over the labels that are not needed. */
function reduced(
  { x, labels }: Term,
  extents: ReadonlyMap<string, number>,
  needed: ReadonlySet<string>,
): Term {
  const own = labels.filter((label, axis) => x.shape[axis] === extents.get(label));
  const squeezed = isSame(own, labels)
    ? x
    : reshape(
        x,
        own.map((label) => extents.get(label)!),
      );
  const axis = own.flatMap((label, i) => (needed.has(label) ? [] : [i]));
  return axis.length === 0
    ? { x: squeezed, labels: own }
    : { x: sum(squeezed, { axis }), labels: own.filter((label) => needed.has(label)) };
}

function arranged({ x, labels }: Term, order: readonly string[]): Tensor {
  return isSame(labels, order)
    ? x
    : transpose(
        x,
        order.map((label) => labels.indexOf(label)),
      );
}

/** The product of two terms, summed over the labels of both that are not needed. */
function contracted(a: Term, b: Term, needed: ReadonlySet<string>): Term {
  const extentOf = (label: string): number =>
    a.labels.includes(label) ? a.x.shape[a.labels.indexOf(label)]! : b.x.shape[b.labels.indexOf(label)]!;
  const size = (labels: readonly string[]): number => sizeOf(labels.map(extentOf));
  const shared = a.labels.filter((label) => b.labels.includes(label));
  const [batch, summed] = [
    shared.filter((each) => needed.has(each)),
    shared.filter((each) => !needed.has(each)),
  ];
  const [rows, columns] = [a, b].map(({ labels }) => labels.filter((each) => !shared.includes(each))) as [
    string[],
    string[],
  ];
  if (summed.length === 0) {
    // Nothing to add: element by element, over all labels.
    const labels = [...a.labels, ...columns];
    const right = arranged(
      b,
      labels.filter((label) => b.labels.includes(label)),
    );
    const spread = (x: Tensor, own: readonly string[]): Tensor =>
      reshape(
        x,
        labels.map((label) => (own.includes(label) ? extentOf(label) : 1)),
      );
    return { x: multiply(spread(a.x, a.labels), spread(right, b.labels)), labels };
  }
  /** A term as matrices of these rows and columns, stored the other way if they are so already. */
  const matrices = (term: Term, of: readonly string[], by: readonly string[]) => {
    const isTransposed = isSame(term.labels, [...batch, ...by, ...of]) && by.length > 0 && of.length > 0;
    const extents = isTransposed ? [size(by), size(of)] : [size(of), size(by)];
    const x = isTransposed ? term.x : arranged(term, [...batch, ...of, ...by]);
    return { x: reshape(x, batch.length > 0 ? [size(batch), ...extents] : extents), isTransposed };
  };
  const [left, right] = [matrices(a, rows, summed), matrices(b, summed, columns)];
  const c = matmul(left.x, right.x, { transposeA: left.isTransposed, transposeB: right.isTransposed });
  const labels = [...batch, ...rows, ...columns];
  return { x: reshape(c, labels.map(extentOf)), labels };
}

/**
 * Sums of products by Einstein's convention: a letter for each axis, and the products of all elements with equal letters,
 * summed over the letters that the output does not have.
 *
 *   einsum('bij,bjk->bik', a, b): y[b,i,k] = Σ_j a[b,i,j] · b[b,j,k]
 *
 * Without '->', the output has the letters that occur once, in the order of the alphabet, after the axes of '...'. A letter
 * twice in one operand takes its diagonal. '...' stands for leading axes, which broadcast; so do extents of 1.
 * Operands are multiplied from the left to the right: write those first whose product is small.
 * Throws: UsageError for an equation that cannot be read; ShapeError if the extents of a letter differ.
 * Source: NumPy and PyTorch, einsum.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  checkArgument('einsum', 'equation', equation, () => text);
  checkTensors('einsum', Object.fromEntries(operands.map((x, i) => [`operands[${i}]`, x])));
  const { terms, output } = parsed(equation, operands);
  const single = terms.map((term) => diagonal(equation, term));
  const extents = extentsOf(equation, single);
  const neededAfter = (i: number): Set<string> =>
    new Set([...output, ...single.slice(i + 1).flatMap(({ labels }) => labels)]);
  const [first, ...others] = single.map((term, i) => {
    const elsewhere = single.flatMap((each, j) => (j === i ? [] : each.labels));
    return reduced(term, extents, new Set([...output, ...elsewhere]));
  }) as [Term, ...Term[]];
  const result = others.reduce((term, next, i) => contracted(term, next, neededAfter(i + 1)), first);
  const y = arranged(reduced(result, extents, new Set(output)), output);
  return operands.includes(y) ? unchanged(y) : y;
}
