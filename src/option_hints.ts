/**
 * Suggests what an unknown option probably means: a misspelt name, another case, or the name in Keras, TensorFlow.js
 * or PyTorch. The page build drops this file (scripts/build_page.mjs), because the compiler checks the option names
 * of the page.
 */

/** Names in other libraries, without case and underscores → our names. Similar names need no entry. */
const foreignNames: Readonly<Record<string, string>> = {
  learningRate: 'lr stepsize initiallearningrate',
  rate: 'p prob dropout initiallearningrate learningrate lr',
  peak: 'maxlr initiallearningrate learningrate lr',
  last: 'etamin minlr alpha',
  factor: 'gamma decayrate decay',
  every: 'stepsize decaysteps tmax',
  rates: 'values lrs',
  boundaries: 'milestones',
  warmup: 'pctstart warmuptarget',
  startDivisor: 'divfactor',
  endDivisor: 'finaldivfactor',
  rho: 'alpha beta decay',
  epsilon: 'eps',
  units: 'outfeatures size neurons outputdim width',
  filters: 'outchannels channels',
  kernelSize: 'kernel size window ksize',
  poolSize: 'kernelsize window ksize size kernel',
  strides: 'subsampling',
  useBias: 'bias',
  activation: 'nonlinearity act',
  inputShape: 'inputdim batchinputshape',
  kernelRegularizer: 'weightdecay l2 regularizer',
  center: 'affine',
  optimizer: 'opt',
  epochs: 'nbepoch iterations',
  classWeights: 'classweight',
  batchSize: 'bs batch samplesperbatch',
  validationData: 'val valdata validation valset',
  callbacks: 'cb',
  seed: 'randomstate rngseed randomseed',
  validationShare: 'validationsplit testsize valsplit',
  augmentation: 'transform transforms datagen',
  microBatchSize: 'accumulationsteps gradientaccumulationsteps',
  axis: 'dim axes dims',
  deviation: 'std stddev sd',
  keepDims: 'keepdim',
  rotation: 'rotationrange degrees',
  fillValue: 'cval',
  monitor: 'metric quantity',
  device: 'adapter gpu',
  history: 'epochs metrics',
  onProgress: 'progress',
  fill: 'mode padmode',
  method: 'interpolation mode',
  negativeSlope: 'alpha slope leak',
  silu: 'swish',
  hardSwish: 'hardsilu',
  maxValue: 'max ceiling',
};

/** Options of other libraries without an equivalent here, and what to do instead. */
const doneOtherwise: Readonly<Record<string, string>> = {
  metrics: "pass 'metrics' to compile",
  sampleweight: 'pass it with the data, as { x, y, sampleWeight }',
  verbose: "add callbacks.progress() to 'callbacks'",
  seed: "pass 'seed' to fit; it and the place of a layer decide its random numbers",
  initialepoch: "pass the checkpoint to resume from as 'resume'",
};

/** A hint for the unknown `name`: a question if a known name is similar; undefined if there is no hint. */
export function hintFor(name: string, known: readonly string[]): string | undefined {
  const bare = plain(name);
  const foreign = known.find((each) => foreignNames[each]?.split(' ').includes(bare));
  const near =
    known.find((each) => plain(each) === bare) ??
    foreign ??
    (Object.hasOwn(doneOtherwise, bare) ? undefined : nearest(bare, known));
  if (near !== undefined) return `did you mean '${near}'?`;
  return Object.hasOwn(doneOtherwise, bare) ? doneOtherwise[bare] : undefined;
}

/** Without case, underscores and hyphens. */
function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[_-]/g, '');
}

/** A known name that contains the other, or the one with the fewest edits, at most a third of its letters. */
function nearest(bare: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((name) => ({ name, distance: distanceOf(bare, plain(name)) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best && best.distance <= Math.max(1, Math.floor(best.name.length / 3))) return best.name;
  return ranked.find(({ name }) => contains(bare, plain(name)))?.name;
}

function contains(a: string, b: string): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && long.includes(short);
}

/** Edit distance with swaps of adjacent letters (Damerau–Levenshtein, optimal string alignment). */
function distanceOf(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      const [above, before] = [rows[i - 1]!, rows[i - 2]];
      let least = Math.min(above[j]! + 1, row[j - 1]! + 1, above[j - 1]! + (isSame ? 0 : 1));
      const isSwapped = before !== undefined && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) least = Math.min(least, before[j - 2]! + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
