/**
 * Shared by the runners in JavaScript: the protocol, the fixture, and the computation of losses.
 *
 * A runner is a process that answers each line of standard input, a JSON object, with one line on standard output:
 *
 *   {"do":"prepare","fixture":FILE,"batchSize":N,"checkSteps":K,"device":NAME?}
 *       → {"version","backend","inferLoss","trainLosses"?,"epsilon"?,"firstStepSeconds","notes":[…]}
 *   {"do":"train","steps":K}   → {"ms"}      with dropout; answers when the work is done
 *   {"do":"infer","batches":K} → {"ms"}
 *   {"do":"quit"}              → the process ends
 *
 * or with {"missing":PACKAGE} when the library is not installed, or {"error":TEXT}.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';

/**
 * @typedef {object} Fixture
 * @property {Map<string, { shape: number[], data: Float32Array }>} weights Keras's names and layouts: HWIO, [in,out].
 * @property {{ images: Float32Array, labels: Int32Array }[]} batches Images [N,28,28,1], 0 to 1.
 *
 * @typedef {object} Prepare
 * @property {string} fixture
 * @property {number} batchSize
 * @property {number} checkSteps
 * @property {string} [device]
 *
 * @typedef {object} System
 * @property {(request: Prepare, fixture: Fixture) => Promise<object>} prepare
 * @property {((steps: number) => Promise<void>) | undefined} [train]
 * @property {(batches: number) => Promise<void>} infer
 */

/** Settings of the recipe. */
export const recipe = { learningRate: 1e-3, rho: 0.9, epsilon: 1e-8, dropout: [0.25, 0.25, 0.5] };

/**
 * Answers requests until `quit` or the end of the input.
 * @param {() => Promise<System>} load imports the library, which may not be installed
 */
export async function serve(load) {
  // Standard output is only for answers.
  console.log = console.info = console.warn = console.error;
  /** @type {System | undefined} */
  let system;
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    if (request.do === 'quit') break;
    let answer;
    try {
      system ??= await load();
      if (request.do === 'prepare') answer = await system.prepare(request, readFixture(request));
      else if (request.do === 'train') answer = await timed(() => system?.train?.(request.steps));
      else answer = await timed(() => system?.infer(request.batches));
    } catch (error) {
      answer = failure(error);
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  // Explicitly: an open device would keep the process alive.
  process.exit(0);
}

/** @param {any} error */
function failure(error) {
  const missing = /Cannot find (?:package|module) '([^']+)'/.exec(String(error?.message));
  if (error?.code === 'ERR_MODULE_NOT_FOUND' && missing) return { missing: missing[1] };
  return { error: String(error?.stack ?? error) };
}

/** @param {() => Promise<void> | undefined} work */
async function timed(work) {
  const begun = performance.now();
  await work();
  return { ms: performance.now() - begun };
}

/**
 * Reads the weights and batches that all systems use from a safetensors file.
 * @param {Prepare} request
 * @returns {Fixture}
 */
function readFixture({ fixture, batchSize }) {
  const bytes = readFileSync(fixture);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const entries = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength));
  /** @type {(name: string) => ArrayBuffer} */
  const contents = (name) => {
    const [begin, end] = entries[name].data_offsets;
    return new Uint8Array(bytes.subarray(8 + headerLength + begin, 8 + headerLength + end)).buffer;
  };
  const images = Float32Array.from(new Uint8Array(contents('images')), (byte) => byte / 255);
  const labels = new Int32Array(contents('labels'));
  const batches = Array.from({ length: labels.length / batchSize }, (_, i) => ({
    images: images.slice(i * batchSize * 784, (i + 1) * batchSize * 784),
    labels: labels.slice(i * batchSize, (i + 1) * batchSize),
  }));
  const names = Object.keys(entries).filter((name) => name.includes('/'));
  const weights = new Map(
    names.map((name) => [name, { shape: entries[name].shape, data: new Float32Array(contents(name)) }]),
  );
  return { weights, batches };
}

/**
 * Mean cross-entropy of the softmax of logits, in f64.
 * @param {Float32Array} logits [N,10]
 * @param {Int32Array} labels
 */
export function crossEntropy(logits, labels) {
  const classes = logits.length / labels.length;
  let sum = 0;
  labels.forEach((label, i) => {
    const row = [...logits.subarray(i * classes, (i + 1) * classes)];
    const most = Math.max(...row);
    sum += most + Math.log(row.reduce((total, value) => total + Math.exp(value - most), 0)) - row[label];
  });
  return sum / labels.length;
}

/**
 * Converts the weights for systems with channels first: kernels to OIHW, and the rows of the first dense kernel from the
 * order of flattened [7,7,64] pixels to that of [64,7,7].
 * @param {Fixture['weights']} weights
 * @returns {Fixture['weights']}
 */
export function channelsFirst(weights) {
  return new Map(
    [...weights].map(([name, tensor]) => {
      if (tensor.shape.length === 4) return [name, transposed(tensor, [3, 2, 0, 1])];
      if (name !== 'dense/kernel') return [name, tensor];
      const [rows, columns] = tensor.shape;
      const pixels = transposed({ shape: [7, 7, 64, columns], data: tensor.data }, [2, 0, 1, 3]);
      return [name, { shape: [rows, columns], data: pixels.data }];
    }),
  );
}

/**
 * @param {{ shape: number[], data: Float32Array }} tensor
 * @param {number[]} order axis i of the result is axis order[i] of the tensor
 */
function transposed({ shape, data }, order) {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const to = order.map((axis) => shape[axis]);
  const result = new Float32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    let from = 0;
    for (let axis = to.length - 1; axis >= 0; axis--) {
      from += (rest % to[axis]) * strides[order[axis]];
      rest = Math.floor(rest / to[axis]);
    }
    result[i] = data[from];
  }
  return { shape: to, data: result };
}

/**
 * The installed version of a package below this folder.
 * @param {string} name
 * @returns {string}
 */
export function versionOf(name) {
  const path = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(path, 'utf8')).version;
}
