/**
 * Plan: a file written out byte by byte from the specification, read and written; every dtype; alignment and
 * determinism; any tensors survive the round trip; each broken rule has its message; damaged bytes never give
 * anything but a result or a ModelError.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelError, ShapeError, UsageError } from '../../src/errors.js';
import { type StoredTensor, readSafetensors, writeSafetensors } from '../../src/nn/files/safetensors.js';

const f32 = (shape: number[], ...values: number[]): StoredTensor => ({
  dtype: 'F32',
  shape,
  data: Float32Array.from(values),
});

/** A file with this header text and these data, however wrong. */
function file(header: string, data: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

describe('the format', () => {
  // 1.5 is 0x3fc00000, −2 is 0xc0000000; lengths and values are little-endian.
  const header = '{"dense/bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}';
  const data = [0x00, 0x00, 0xc0, 0x3f, 0x00, 0x00, 0x00, 0xc0];

  it('is written as the specification says', () => {
    const bytes = writeSafetensors([['dense/bias', f32([2], 1.5, -2)]]);
    // 63 characters and one space, so that the data begin at a multiple of 8.
    expect(bytes).toEqual(Uint8Array.from([64, 0, 0, 0, 0, 0, 0, 0, ...Buffer.from(`${header} `), ...data]));
  });

  it('is read as the specification says, aligned or not', () => {
    for (const text of [header, `${header} `, `${header}       `]) {
      const { tensors, metadata } = readSafetensors(file(text, data), 'x');
      expect([...tensors]).toEqual([['dense/bias', f32([2], 1.5, -2)]]);
      expect(metadata).toEqual({});
    }
  });

  it('reads a file by the official library (Python, 0.8.0)', () => {
    const theirs =
      'IAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJieSI6InNhZmV0ZW5zb3JzIDAuOC4wIn0sInN0ZXAiOnsiZHR5cGUiOiJJNjQiLCJzaGFwZSI6' +
      'WzFdLCJkYXRhX29mZnNldHMiOlswLDhdfSwiZGVuc2Uva2VybmVsIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsyLDJdLCJkYXRhX29mZnNl' +
      'dHMiOls4LDI0XX0sImVtcHR5Ijp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlswLDNdLCJkYXRhX29mZnNldHMiOlsyNCwyNF19LCJmbGFncyI6' +
      'eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzJdLCJkYXRhX29mZnNldHMiOlsyNCwyNl19fSAHAAAAAAAAAAAAgD8AAABAAABAQAAAkEABAA==';
    const { tensors, metadata } = readSafetensors(new Uint8Array(Buffer.from(theirs, 'base64')), 'theirs');
    expect(metadata).toEqual({ by: 'safetensors 0.8.0' });
    expect(Object.fromEntries(tensors)).toEqual({
      step: { dtype: 'I64', shape: [1], data: BigInt64Array.of(7n) },
      'dense/kernel': f32([2, 2], 1, 2, 3, 4.5),
      empty: f32([0, 3]),
      flags: { dtype: 'BOOL', shape: [2], data: Uint8Array.of(1, 0) },
    });
  });

  it('keeps metadata, and puts every tensor at a multiple of its element', () => {
    const bytes = writeSafetensors(
      [
        ['c', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
        ['b', f32([], 7)],
        ['a', { dtype: 'I64', shape: [1], data: BigInt64Array.of(-5n) }],
      ],
      { seed: '42', epoch: '3' },
    );
    const headerLength = bytes[0]! + 256 * bytes[1]!;
    expect(headerLength % 8).toBe(0);
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)).trimEnd()).toMatchInlineSnapshot(
      `"{"__metadata__":{"epoch":"3","seed":"42"},"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[],"data_offsets":[8,12]},"c":{"dtype":"U8","shape":[3],"data_offsets":[12,15]}}"`,
    );
    expect(readSafetensors(bytes, 'x').metadata).toEqual({ epoch: '3', seed: '42' });
  });

  it('gives the same bytes in whatever order the tensors come', () => {
    const all: [string, StoredTensor][] = [
      ['b', f32([1], 1)],
      ['a', f32([1], 2)],
      ['ä', { dtype: 'U8', shape: [1], data: Uint8Array.of(1) }],
    ];
    expect(writeSafetensors(all, { x: '1', y: '2' })).toEqual(
      writeSafetensors([...all].reverse(), { y: '2', x: '1' }),
    );
  });

  it.each<StoredTensor>([
    { dtype: 'F64', shape: [1], data: Float64Array.of(Math.PI) },
    { dtype: 'F32', shape: [1, 1, 2], data: Float32Array.of(-0, 1e-45) },
    { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xffff) },
    { dtype: 'BF16', shape: [1], data: Uint16Array.of(0x3f80) },
    { dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
    { dtype: 'I32', shape: [1], data: Int32Array.of(-1) },
    { dtype: 'I16', shape: [1], data: Int16Array.of(-1) },
    { dtype: 'I8', shape: [1], data: Int8Array.of(-1) },
    { dtype: 'U64', shape: [1], data: BigUint64Array.of(2n ** 64n - 1n) },
    { dtype: 'U32', shape: [1], data: Uint32Array.of(2 ** 32 - 1) },
    { dtype: 'U16', shape: [1], data: Uint16Array.of(65535) },
    { dtype: 'U8', shape: [0, 5], data: new Uint8Array(0) },
    { dtype: 'BOOL', shape: [2], data: Uint8Array.of(0, 1) },
  ])('round trip of $dtype', (tensor) => {
    expect([...readSafetensors(writeSafetensors([['t', tensor]]), 'x').tensors]).toEqual([['t', tensor]]);
  });

  it('keeps every bit, also of NaN', () => {
    const bits = Uint32Array.of(0x7fc00001, 0xffffffff, 0x80000000, 0x7f800000);
    const bytes = writeSafetensors([
      ['t', { dtype: 'F32', shape: [4], data: new Float32Array(bits.buffer) }],
    ]);
    const { data } = readSafetensors(bytes, 'x').tensors.get('t')!;
    expect(new Uint32Array(data.buffer)).toEqual(bits);
  });

  it('reads views, gives arrays of their own', () => {
    const bytes = writeSafetensors([['t', f32([1], 5)]]);
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    const { tensors } = readSafetensors(shifted.subarray(3), 'x');
    shifted.fill(0);
    expect(tensors.get('t')!.data).toEqual(Float32Array.of(5));
  });
});

describe('any tensors', () => {
  const tensor = fc
    .tuple(fc.array(fc.nat(4), { maxLength: 4 }), fc.constantFrom('F32', 'U8', 'I16', 'F64'))
    .chain(([shape, dtype]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const array = { F32: Float32Array, U8: Uint8Array, I16: Int16Array, F64: Float64Array }[dtype];
      return fc
        .array(fc.integer(), { minLength: count, maxLength: count })
        .map((values) => ({ dtype, shape, data: array.from(values) }) as StoredTensor);
    });
  const tensors = fc.dictionary(
    // A lone surrogate too: JSON has an escape for it.
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('__proto__', 'constructor', '0', '"', '\\', '\ud800'),
    ),
    tensor,
  );

  it('survive the round trip', () => {
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (all, metadata) => {
        const entries = Object.entries(all);
        const read = readSafetensors(writeSafetensors(entries, metadata), 'x');
        expect(new Map(read.tensors)).toEqual(new Map(entries));
        expect(new Map(Object.entries(read.metadata))).toEqual(new Map(Object.entries(metadata)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the writer', () => {
  it('refuses what it could not read again', () => {
    expect(() => writeSafetensors([['t', f32([3], 1, 2)]])).toThrow(ShapeError);
    expect(() => writeSafetensors([['t', f32([3], 1, 2)]])).toThrowErrorMatchingInlineSnapshot(
      `[ShapeError: safetensors: 't' has the shape [3] but 2 values.]`,
    );
    expect(() => writeSafetensors([['t', f32([-1, -2], 1, 2)]])).toThrow(ShapeError);
    expect(() =>
      writeSafetensors([
        ['t', f32([1], 1)],
        ['t', f32([1], 1)],
      ]),
    ).toThrow(UsageError);
    expect(() =>
      writeSafetensors([
        ['t', f32([1], 1)],
        ['t', f32([1], 1)],
      ]),
    ).toThrowErrorMatchingInlineSnapshot(`[UsageError: safetensors: two tensors are called 't'.]`);
    expect(() => writeSafetensors([['__metadata__', f32([1], 1)]])).toThrowErrorMatchingInlineSnapshot(
      `[UsageError: safetensors: '__metadata__' is reserved, rename the tensor.]`,
    );
  });
});

describe('the reader', () => {
  const entry = (name: string, begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') =>
    `"${name}":{"dtype":"${dtype}","shape":${JSON.stringify(shape)},"data_offsets":[${begin},${end}]}`;
  const good = `{${entry('a', 0, 4)}}`;
  const huge = new Uint8Array(16);
  huge.fill(0xff, 0, 8);

  it.each<[string, Uint8Array, string]>([
    ['no length', new Uint8Array(7), '7 bytes are too few.'],
    [
      'a header longer than the file',
      file(good).subarray(0, 30),
      'its header has 54 bytes, but only 22 follow. Is it cut off?',
    ],
    ['an absurd length', huge, 'it does not begin with the length of a header.'],
    ['an empty header', file(''), 'its header is empty.'],
    ['a header that is an array', file('[]'), "its header does not begin with '{'."],
    ['a header with space before it', file(` ${good}`, [0, 0, 0, 0]), "its header does not begin with '{'."],
    [
      'a header with a byte-order mark',
      file(`\ufeff${good}`, [0, 0, 0, 0]),
      "its header does not begin with '{'.",
    ],
    ['metadata of numbers', file('{"__metadata__":{"a":1}}'), "'__metadata__' must map strings to strings."],
    [
      'metadata that is a list',
      file('{"__metadata__":["a"]}'),
      "'__metadata__' must map strings to strings.",
    ],
    ['a tensor that is a number', file('{"a":1}'), "tensor 'a' is not described by an object."],
    [
      'an unknown dtype',
      file(`{${entry('a', 0, 4, [1], 'F31')}}`),
      `tensor 'a' has the dtype "F31"; known are F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL.`,
    ],
    [
      'a dtype of every object',
      file(`{${entry('a', 0, 4, [1], 'constructor')}}`),
      `tensor 'a' has the dtype "constructor"; known are F64, F32, F16, BF16, I64, I32, I16, I8, U64, U32, U16, U8, BOOL.`,
    ],
    [
      'no shape',
      file('{"a":{"dtype":"F32","data_offsets":[0,4]}}'),
      "tensor 'a' has the shape undefined, expected a list of sizes.",
    ],
    [
      'a negative size',
      file(`{${entry('a', 0, 4, [-1])}}`),
      "tensor 'a' has the shape [-1], expected a list of sizes.",
    ],
    [
      'a broken size',
      file(`{${entry('a', 0, 4, [1.5])}}`),
      "tensor 'a' has the shape [1.5], expected a list of sizes.",
    ],
    [
      'one offset',
      file('{"a":{"dtype":"F32","shape":[1],"data_offsets":[4]}}'),
      "tensor 'a' has the offsets [4], expected a start and an end.",
    ],
    [
      'offsets backwards',
      file(`{${entry('a', 4, 0, [1])}}`),
      "tensor 'a' has the offsets [4,0], expected a start and an end.",
    ],
    [
      'an unknown field',
      file('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0],"stride":1}}'),
      "tensor 'a' has the unknown field 'stride'.",
    ],
    [
      'a size that does not match',
      file(`{${entry('a', 0, 8, [1])}}`),
      "tensor 'a' F32 [1] needs 4 bytes, but has 8.",
    ],
    [
      'an overflowing shape',
      file(`{${entry('a', 0, 4, [2 ** 40, 2 ** 40])}}`),
      "tensor 'a' F32 [1099511627776,1099511627776] needs 4.835703278458517e+24 bytes, but has 4.",
    ],
    [
      'a hole at the start',
      file(`{${entry('a', 4, 8)}}`, new Uint8Array(8)),
      'bytes 0 to 4 of the data belong to no tensor.',
    ],
    [
      'a hole',
      file(`{${entry('a', 0, 4)},${entry('b', 8, 12)}}`, new Uint8Array(12)),
      'bytes 4 to 8 of the data belong to no tensor.',
    ],
    [
      'an overlap',
      file(`{${entry('a', 0, 8)},${entry('b', 4, 12)}}`, new Uint8Array(12)),
      "tensor 'b' overlaps the one before it at byte 4 of the data.",
    ],
    [
      'data cut off',
      file(good, [0, 0, 0]),
      'its tensors take 4 bytes of data, but it holds 3. Is it cut off?',
    ],
    ['data left over', file(good, [0, 0, 0, 0, 0]), 'its tensors take 4 bytes of data, but it holds 5.'],
    [
      'the same name twice',
      file(`{${entry('a', 0, 4)},${entry('\\u0061', 0, 4)}}`, [0, 0, 0, 0]),
      "its header has 'a' twice.",
    ],
    [
      'the same field twice',
      file('{"a":{"dtype":"F32","dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      "its header has 'dtype' twice.",
    ],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readSafetensors(bytes, 'm')).toThrow(
      new ModelError(`m: not a valid .safetensors file: ${message}`),
    );
  });

  it('refuses a header that is not JSON, or not UTF-8, in the words of the platform', () => {
    expect(() => readSafetensors(file('{"a":'), 'm')).toThrow(
      /^m: not a valid \.safetensors file: its header is not JSON \(/,
    );
    const bytes = file('{"__metadata__":{"a":"x"}}');
    bytes[8 + 22] = 0xff;
    expect(() => readSafetensors(bytes, 'm')).toThrow(/its header is not JSON/);
  });

  it('takes keys and braces inside strings for what they are', () => {
    const notes =
      '{"__metadata__":{"a":"\\"b\\":{","b":"}","c":"\\\\"},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}';
    expect(readSafetensors(file(notes), 'm').metadata).toEqual({ a: '"b":{', b: '}', c: '\\' });
  });

  /** `read`, `refused`, or the error that should not have been. */
  function outcome(bytes: Uint8Array): unknown {
    try {
      readSafetensors(bytes, 'x');
      return 'read';
    } catch (error) {
      return error instanceof ModelError ? 'refused' : error;
    }
  }

  it('survives any damage', () => {
    const whole = writeSafetensors(
      [
        ['a', f32([2, 2], 1, 2, 3, 4)],
        ['b', f32([1], 5)],
      ],
      { note: 'x' },
    );
    for (let length = 0; length < whole.length; length++) {
      expect([length, outcome(whole.slice(0, length))]).toEqual([length, 'refused']);
    }
    const value = fc.oneof(fc.jsonValue(), fc.constantFrom('F32', [1], [0, 4], -1, 1e300));
    const fields = fc.record({ dtype: value, shape: value, data_offsets: value }, { requiredKeys: [] });
    const header = fc.dictionary(fc.constantFrom('a', 'b', '__metadata__'), fc.oneof(fields, value));
    fc.assert(
      fc.property(
        header,
        fc.uint8Array({ maxLength: 16 }),
        fc.nat(whole.length - 1),
        fc.nat(255),
        (json, data, at, byte) => {
          expect(outcome(file(JSON.stringify(json), data))).toBeOneOf(['read', 'refused']);
          expect(outcome(whole.map((old, i) => (i === at ? byte : old)))).toBeOneOf(['read', 'refused']);
        },
      ),
      { numRuns: 1000 },
    );
  });
});
