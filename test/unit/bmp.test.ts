/** BMP: every depth by hand, from both directions, with masks and palettes; damaged, compressed and huge ones are refused. */
import { expect, it } from 'vitest';
import { bmpSize, decodeBmp } from '../../src/data/bmp.js';

interface Parts {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly rows: readonly (readonly number[])[];
  readonly palette?: readonly (readonly number[])[];
  readonly masks?: readonly number[];
  readonly compression?: number;
}

/** Rows as stored, each filled up to four bytes. */
function bmp({ width, height, bits, rows, palette = [], masks = [], compression }: Parts): Uint8Array {
  const before = 54 + 4 * masks.length + 4 * palette.length;
  const rowBytes = Math.ceil((width * bits) / 32) * 4;
  const bytes = new Uint8Array(before + rowBytes * rows.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(10, before, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(28, bits, true);
  view.setUint32(30, compression ?? (masks.length > 3 ? 6 : masks.length > 0 ? 3 : 0), true);
  view.setUint32(46, palette.length, true);
  for (const [i, mask] of masks.entries()) view.setUint32(54 + 4 * i, mask, true);
  for (const [i, [red, green, blue]] of palette.entries())
    bytes.set([blue!, green!, red!, 0], 54 + 4 * masks.length + 4 * i);
  for (const [i, row] of rows.entries()) bytes.set(row, before + rowBytes * i);
  return bytes;
}

const pixels = (parts: Parts): number[] => [...decodeBmp(bmp(parts), 'a.bmp').data];

it('24 bits, from the bottom and from the top', () => {
  const rows = [
    [3, 2, 1, 6, 5, 4],
    [9, 8, 7, 12, 11, 10],
  ];
  const [first, second] = [
    [1, 2, 3, 255, 4, 5, 6, 255],
    [7, 8, 9, 255, 10, 11, 12, 255],
  ] as const;
  expect(pixels({ width: 2, height: 2, bits: 24, rows })).toEqual([...second, ...first]);
  expect(pixels({ width: 2, height: -2, bits: 24, rows })).toEqual([...first, ...second]);
  expect(bmpSize(bmp({ width: 2, height: -2, bits: 24, rows }), 'a.bmp')).toMatchObject({
    width: 2,
    height: 2,
  });
});

it('32 bits: opaque if all alpha is 0, otherwise by the mask', () => {
  expect(pixels({ width: 1, height: 1, bits: 32, rows: [[3, 2, 1, 0]] })).toEqual([1, 2, 3, 255]);
  const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
  const two = { width: 2, height: 1, bits: 32, masks };
  expect(pixels({ ...two, rows: [[3, 2, 1, 128, 6, 5, 4, 0]] })).toEqual([1, 2, 3, 128, 4, 5, 6, 0]);
});

it('16 bits: five each, or as the masks say', () => {
  // 0 11111 00000 00001: red 31, blue 1.
  expect(pixels({ width: 1, height: 1, bits: 16, rows: [[0x01, 0x7c]] })).toEqual([255, 0, 8, 255]);
  const masks = [0xf800, 0x07e0, 0x001f];
  expect(pixels({ width: 1, height: 1, bits: 16, masks, rows: [[0xe0, 0x07]] })).toEqual([0, 255, 0, 255]);
});

it('1, 4 and 8 bits, of a palette', () => {
  const palette = [
    [10, 20, 30],
    [40, 50, 60],
  ];
  const [a, b] = [
    [10, 20, 30, 255],
    [40, 50, 60, 255],
  ] as const;
  expect(pixels({ width: 3, height: 1, bits: 1, palette, rows: [[0b0100_0000]] })).toEqual([
    ...a,
    ...b,
    ...a,
  ]);
  expect(pixels({ width: 3, height: 1, bits: 4, palette, rows: [[0x10, 0x10]] })).toEqual([...b, ...a, ...b]);
  expect(pixels({ width: 2, height: 1, bits: 8, palette, rows: [[0, 1]] })).toEqual([...a, ...b]);
});

it('refuses what is damaged, compressed or huge', () => {
  const good: Parts = { width: 2, height: 1, bits: 24, rows: [[1, 2, 3, 4, 5, 6]] };
  const cases = [
    bmp(good).subarray(0, 20),
    bmp(good).subarray(0, 56),
    bmp({ ...good, bits: 8, palette: [[1, 2, 3]], rows: [[0, 7]] }),
    bmp({ ...good, bits: 8, compression: 1, rows: [[0, 0]] }),
    bmp({ ...good, bits: 5, rows: [[0, 0]] }),
    bmp({ ...good, width: 100_000, height: 100_000, rows: [] }),
    bmp({ ...good, width: 0, rows: [] }),
  ];
  const messages = cases.map((bytes) => {
    try {
      return decodeBmp(bytes, 'a.bmp').width;
    } catch (error) {
      return String(error);
    }
  });
  expect(messages.join('\n')).toMatchInlineSnapshot(`
    "DataError: a.bmp: a damaged BMP (it ends after 20 bytes). Save it again.
    DataError: a.bmp: a damaged BMP (it is cut off). Save it again.
    DataError: a.bmp: a damaged BMP (its palette has no colour 7). Save it again.
    DataError: a.bmp: is a compressed BMP, which is not read. Save it as PNG.
    DataError: a.bmp: a damaged BMP (its pixels have 5 bits). Save it again.
    DataError: a.bmp: a picture of 100000×100000 pixels; from 1 to 100 million are read. Make it smaller.
    DataError: a.bmp: a picture of 0×1 pixels; from 1 to 100 million are read. Make it smaller."
  `);
});
