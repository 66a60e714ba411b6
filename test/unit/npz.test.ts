/**
 * Plan: archives by NumPy itself: packed with the arrays that Keras keeps, and stored with an array of another type;
 * damage of any kind, and a bomb, is a DataError.
 */
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/errors.js';
import { readNpz } from '../../src/node/npz.js';

/** numpy.savez_compressed with x_train 1…12 as [3,2,2], y_train 0 1 0, x_test 9s as [1,2,2], y_test 1. */
const packed = fromBase64(
  'UEsDBC0AAAAIAAAAIQCqBp4c//////////8LABQAeF90cmFpbi5ucHkBABAAjAAAAAAAAABUAAAAAAAAAJvsF+obEMnIUMZQ' +
    'rZ6SWpxcpG6loF5Taqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GsY6CkZApKmjUKtAHuBiZGJmYWVj5+Dk4uYB' +
    'AFBLAwQtAAAACAAAACEAZItoAv//////////CwAUAHlfdHJhaW4ubnB5AQAQAIMAAAAAAAAARwAAAAAAAACb7BfqGxDJyFDG' +
    'UK2eklqcXKRupaBeU2qorqOgnpZfVFKUmBefX5SSChJ3S8wpTgWKF2ckFqQC+RrGOpo6CrUKFAAuBkYGAFBLAwQtAAAACAAA' +
    'ACEAr/RMGv//////////CgAUAHhfdGVzdC5ucHkBABAAhAAAAAAAAABKAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loF5T' +
    'aqiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GoY6CkZApKmjUKtAHuDiBAIAUEsDBC0AAAAIAAAAIQB7sqbA////' +
    '//////8KABQAeV90ZXN0Lm5weQEAEACBAAAAAAAAAEUAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RS' +
    'lJgXn1+UkgoSd0vMKU4FihdnJBakAvkahjqaOgq1ChQALkYAUEsBAi0DLQAAAAgAAAAhAKoGnhxUAAAAjAAAAAsAAAAAAAAA' +
    'AAAAAIABAAAAAHhfdHJhaW4ubnB5UEsBAi0DLQAAAAgAAAAhAGSLaAJHAAAAgwAAAAsAAAAAAAAAAAAAAIABkQAAAHlfdHJh' +
    'aW4ubnB5UEsBAi0DLQAAAAgAAAAhAK/0TBpKAAAAhAAAAAoAAAAAAAAAAAAAAIABFQEAAHhfdGVzdC5ucHlQSwECLQMtAAAA' +
    'CAAAACEAe7KmwEUAAACBAAAACgAAAAAAAAAAAAAAgAGbAQAAeV90ZXN0Lm5weVBLBQYAAAAABAAEAOIAAAAcAgAAAAA=',
);
/** numpy.savez with a = [0, 1, 2] as int32. */
const stored = fromBase64(
  'UEsDBC0AAAAAAAAAIQAC7L2p//////////8FABQAYS5ucHkBABAAjAAAAAAAAACMAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2Ny' +
    'JzogJzxpNCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgzLCksIH0gICAgICAgICAgICAgICAgICAgICAg' +
    'ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAKAAAAAAEAAAACAAAAUEsBAi0DLQAAAAAAAAAhAALsvamM' +
    'AAAAjAAAAAUAAAAAAAAAAAAAAIABAAAAAGEubnB5UEsFBgAAAAABAAEAMwAAAMMAAAAAAA==',
);

/** `stored` as bytes, with a length that is too small. */
const shorter = Buffer.from(Buffer.from(stored).toString('latin1').replaceAll("'<i4'", "'|u1'"), 'latin1');

function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** The most values that each array may have. */
const wanted = { x_train: 12, y_train: 3, x_test: 4, y_test: 1, x_valid: 4 };

/** An archive with `byteLength` zeros as each of the files, deflated; its local headers are shared by equal files. */
function zeros(names: readonly string[], byteLength: number): Uint8Array {
  const data = deflateRawSync(Buffer.alloc(byteLength));
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  const entries = names.map((name) => {
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(byteLength, 24);
    entry.writeUInt16LE(name.length, 28);
    return Buffer.concat([entry, Buffer.from(name)]);
  });
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(local.length + data.length, 16);
  return new Uint8Array(Buffer.concat([local, data, ...entries, end]));
}

describe('readNpz', () => {
  it('reads what NumPy packed', () => {
    const arrays = readNpz(packed, 'mnist.npz', wanted);
    expect([...arrays.keys()]).toEqual(['x_train', 'y_train', 'x_test', 'y_test']);
    expect(arrays.get('x_train')?.shape).toEqual([3, 2, 2]);
    expect([...arrays.get('x_train')!.data]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(arrays.get('y_train')?.shape).toEqual([3]);
    expect([...arrays.get('y_train')!.data]).toEqual([0, 1, 0]);
    expect([...arrays.get('x_test')!.data]).toEqual([9, 9, 9, 9]);
  });

  it('refuses arrays of anything but bytes', () => {
    expect(() => readNpz(stored, 'a.npz', { a: 12 })).toThrow(DataError);
    expect(() => readNpz(stored, 'a.npz', { a: 12 })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.npz cannot be read as .npz (an array that is not of bytes in C order: {'descr': '<i4', 'fortran_order': False, 'shape': (3,), })]`,
    );
  });

  it('refuses what is no archive', () => {
    expect(() => readNpz(new Uint8Array(0), 'a.npz', wanted)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.npz cannot be read as .npz (no zip directory)]`,
    );
    expect(() => readNpz(new Uint8Array(100), 'a.npz', wanted)).toThrow(DataError);
  });

  it('leaves packed what is not wanted', () => {
    // Not arrays at all: unpacking one would show it.
    expect(readNpz(zeros(['a.npy', 'b.npy', 'a.npy'], 2 ** 20), 'a.npz', wanted).size).toBe(0);
    expect(readNpz(packed, 'a.npz', { y_test: 1 }).size).toBe(1);
  });

  it('unpacks an array once', () => {
    const twice = Buffer.from(packed);
    twice.write('x_train', twice.lastIndexOf('y_train'));
    expect(() => readNpz(twice, 'a.npz', wanted)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.npz cannot be read as .npz (it holds x_train.npy twice)]`,
    );
  });

  it('refuses an array of another length than its shape says', () => {
    expect(() => readNpz(shorter, 'a.npz', { a: 12 })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: a.npz cannot be read as .npz (an array of [3] with 12 bytes, expected 3)]`,
    );
  });

  it('unpacks no bomb', () => {
    const bomb = Buffer.from(packed);
    bomb.writeUInt32LE(0x7fffffff, bomb.indexOf('PK\u0001\u0002') + 24);
    expect(() => readNpz(bomb, 'a.npz', wanted)).toThrow(
      new DataError(
        'a.npz cannot be read as .npz (x_train.npy unpacks to 2147483647 bytes, at most 65548 are read)',
      ),
    );
  });

  it('survives any damage', () => {
    const outcome = (bytes: Uint8Array): unknown => {
      try {
        readNpz(bytes, 'x', wanted);
        return 'read';
      } catch (error) {
        return error instanceof DataError ? 'refused' : error;
      }
    };
    for (let length = 0; length < packed.length; length++) {
      expect(outcome(packed.subarray(0, length))).toBe('refused');
    }
    fc.assert(
      fc.property(fc.nat(packed.length - 1), fc.nat(255), (at, byte) => {
        expect(outcome(packed.map((old, i) => (i === at ? byte : old)))).toBeOneOf(['read', 'refused']);
      }),
      { numRuns: 2000 },
    );
  });
});
