/**
 * The paper model as an ONNX file, for inference: images [N,1,28,28] to logits [N,10].
 *
 * ONNX is a protocol buffer: each field is a key (number · 8 + wire type) and a varint (type 0) or a length and bytes
 * (type 2). The field numbers are those of onnx.proto. Source: github.com/onnx/onnx, docs/IR.md.
 */

/** @typedef {Uint8Array} Bytes */

/** Versions of the format and of the operators, old enough for every current runtime. */
const irVersion = 8;
const opset = 13;
const float32 = 1;

/**
 * @param {Map<string, { shape: number[], data: Float32Array }>} weights channels first, see `channelsFirst`
 * @param {number} batchSize
 * @returns {Bytes}
 */
export function onnxModel(weights, batchSize) {
  /** @type {Bytes[]} */
  const nodes = [];
  let last = 'images';
  /** @param {string} type @param {string[]} operands @param {Record<string, number | number[]>} [attributes] */
  const apply = (type, operands = [], attributes = {}) => {
    const output = type === 'Gemm' && operands[0] === 'dense_1/kernel' ? 'logits' : `value${nodes.length}`;
    nodes.push(node(type, [last, ...operands], output, attributes));
    last = output;
  };
  /** @param {string} name @param {number} pad */
  const convolution = (name, pad) => {
    apply('Conv', [`${name}/kernel`, `${name}/bias`], { pads: [pad, pad, pad, pad] });
    apply('Relu');
  };
  const pool = () => apply('MaxPool', [], { kernel_shape: [2, 2], strides: [2, 2] });
  convolution('conv2d', 2);
  convolution('conv2d_1', 2);
  pool();
  convolution('conv2d_2', 1);
  convolution('conv2d_3', 1);
  pool();
  apply('Flatten', [], { axis: 1 });
  apply('Gemm', ['dense/kernel', 'dense/bias']);
  apply('Relu');
  apply('Gemm', ['dense_1/kernel', 'dense_1/bias']);

  const graph = [
    ...nodes.map((each) => field(1, each)),
    field(2, 'paper'),
    ...[...weights].map(([name, tensor]) => field(5, initializer(name, tensor))),
    field(11, valueInfo('images', [batchSize, 1, 28, 28])),
    field(12, valueInfo('logits', [batchSize, 10])),
  ];
  return join([
    number(1, irVersion),
    field(8, join([field(1, ''), number(2, opset)])),
    field(7, join(graph)),
  ]);
}

/**
 * NodeProto.
 * @param {string} type @param {string[]} inputs @param {string} output
 * @param {Record<string, number | number[]>} attributes
 */
function node(type, inputs, output, attributes) {
  return join([
    ...inputs.map((name) => field(1, name)),
    field(2, output),
    field(4, type),
    ...Object.entries(attributes).map(([name, value]) => field(5, attribute(name, value))),
  ]);
}

/** AttributeProto of type INT (2) or INTS (7). @param {string} name @param {number | number[]} value */
function attribute(name, value) {
  const values = Array.isArray(value) ? value.map((each) => number(8, each)) : [number(3, value)];
  return join([field(1, name), ...values, number(20, Array.isArray(value) ? 7 : 2)]);
}

/** TensorProto with raw data. @param {string} name @param {{ shape: number[], data: Float32Array }} tensor */
function initializer(name, { shape, data }) {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return join([...shape.map((size) => number(1, size)), number(2, float32), field(8, name), field(9, raw)]);
}

/** ValueInfoProto: name, TypeProto.Tensor with its TensorShapeProto. @param {string} name @param {number[]} shape */
function valueInfo(name, shape) {
  const dimensions = join(shape.map((size) => field(1, number(1, size))));
  const type = field(1, join([number(1, float32), field(2, dimensions)]));
  return join([field(1, name), field(2, type)]);
}

// ---- the wire format ----

/** @param {number} id @param {number} value */
function number(id, value) {
  return Uint8Array.from([...varint(id * 8), ...varint(value)]);
}

/** @param {number} id @param {Bytes | string} value */
function field(id, value) {
  const content = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return join([Uint8Array.from([...varint(id * 8 + 2), ...varint(content.length)]), content]);
}

/** Seven bits a byte, the lowest first. @param {number} value */
function varint(value) {
  const digits = [];
  for (; value >= 128; value = Math.floor(value / 128)) digits.push((value % 128) + 128);
  return [...digits, value];
}

/** @param {Bytes[]} parts @returns {Bytes} */
function join(parts) {
  return Uint8Array.from(Buffer.concat(parts));
}
