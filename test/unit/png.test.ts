/**
 * Plan: files put together by hand, chunk by chunk, in every colour type and depth, against pixels worked out on
 * paper; our own files round trip and begin as PNG says; what is no PNG, cut off or damaged is a DataError.
 */
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Picture } from '../../src/data/picture.js';
import { DataError } from '../../src/errors.js';
import { decodePng, encodePng } from '../../src/node/png.js';

function chunk(name: string, data: number[] | Uint8Array): Uint8Array {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), Uint8Array.from(data)]);
  const bytes = Buffer.alloc(body.length + 8);
  bytes.writeUInt32BE(body.length - 4, 0);
  body.copy(bytes, 4);
  bytes.writeUInt32BE(crc32(body), body.length + 4);
  return bytes;
}

const signature = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10);

/** A PNG from its header fields and rows; each row gets the filter byte 0. */
function png(
  width: number,
  height: number,
  depth: number,
  type: number,
  rows: number[][],
  between: Uint8Array[] = [],
) {
  const size = [...new Uint8Array(new Uint32Array([width, height]).buffer)];
  const [w, h] = [size.slice(0, 4).reverse(), size.slice(4).reverse()];
  const pixels = deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])));
  const header = chunk('IHDR', [...w, ...h, depth, type, 0, 0, 0]);
  return new Uint8Array(
    Buffer.concat([signature, header, ...between, chunk('IDAT', pixels), chunk('IEND', [])]),
  );
}

describe('decodePng', () => {
  const palette = chunk('PLTE', [255, 0, 0, 0, 0, 255]);
  it.each<[string, Uint8Array, number[]]>([
    ['grey', png(2, 1, 8, 0, [[0, 200]]), [0, 0, 0, 255, 200, 200, 200, 255]],
    [
      'grey of one bit',
      png(3, 1, 1, 0, [[0b10100000]]),
      [255, 255, 255, 255, 0, 0, 0, 255, 255, 255, 255, 255],
    ],
    [
      'grey of 16 bits',
      png(1, 2, 16, 0, [
        [255, 255],
        [0, 0],
      ]),
      [255, 255, 255, 255, 0, 0, 0, 255],
    ],
    ['grey with alpha', png(1, 1, 8, 4, [[90, 7]]), [90, 90, 90, 7]],
    ['palette', png(2, 1, 8, 3, [[1, 0]], [palette]), [0, 0, 255, 255, 255, 0, 0, 255]],
    ['palette with alpha', png(1, 1, 8, 3, [[1]], [palette, chunk('tRNS', [255, 9])]), [0, 0, 255, 9]],
    ['RGB', png(1, 1, 8, 2, [[1, 2, 3]]), [1, 2, 3, 255]],
    ['RGBA', png(1, 1, 8, 6, [[1, 2, 3, 4]]), [1, 2, 3, 4]],
    ['RGBA of 16 bits', png(1, 1, 16, 6, [[255, 255, 0, 0, 255, 255, 0, 0]]), [255, 0, 255, 0]],
  ])('%s', (_, bytes, pixels) => {
    const picture = decodePng(bytes, 'picture.png');
    expect(picture.channels).toBe(4);
    expect([...picture.data]).toEqual(pixels);
  });

  it('knows width from height', () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(decodePng(png(3, 2, 8, 0, rows), 'x')).toMatchObject({ width: 3, height: 2 });
  });
});

describe('encodePng', () => {
  it.each([1, 2, 3, 4] as const)('round trip with %d channels', (channels) => {
    const [width, height] = [5, 3];
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 37) % 256);
    const bytes = encodePng({ data, width, height, channels });
    expect([...bytes.subarray(0, 8)]).toEqual([...signature]);
    expect([...bytes.subarray(24, 26)]).toEqual([8, [0, 4, 2, 6][channels - 1]]);
    const expected = Array.from({ length: width * height }, (_, i) => {
      const pixel = [...data.subarray(i * channels, (i + 1) * channels)];
      const colour = channels < 3 ? [pixel[0], pixel[0], pixel[0]] : pixel.slice(0, 3);
      return [...colour, channels === 2 || channels === 4 ? pixel.at(-1) : 255];
    });
    expect([...decodePng(bytes, 'x').data]).toEqual(expected.flat());
  });

  it('takes a view into a larger array', () => {
    const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
    const bytes = encodePng({ data: whole.subarray(10, 14), width: 2, height: 2, channels: 1 });
    expect([...decodePng(bytes, 'x').data].filter((_, i) => i % 4 === 0)).toEqual([10, 11, 12, 13]);
  });

  it('refuses what does not fit', () => {
    const bad: Picture = { data: new Uint8Array(5), width: 2, height: 2, channels: 1 };
    expect(() => encodePng(bad)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: PNG: a picture of 2×2 with 1 channels needs 4 bytes, but there are 5.]`,
    );
  });
});

describe('what is no PNG', () => {
  const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'a.png: not a PNG: it is empty. Save the picture as PNG.'],
    ['JPEG', text('\xff\xd8\xff\xe0'), 'a.png: not a PNG: it is a JPEG. Save the picture as PNG.'],
    ['GIF', text('GIF89a'), 'a.png: not a PNG: it is a GIF. Save the picture as PNG.'],
    [
      'WebP',
      text('RIFF\x01\x02\x03\x04WEBPVP8 '),
      'a.png: not a PNG: it is a WebP. Save the picture as PNG.',
    ],
    ['BMP', text('BM1234'), 'a.png: not a PNG: it is a BMP. Save the picture as PNG.'],
    ['SVG', text('<svg>'), 'a.png: not a PNG: it is text such as SVG or HTML. Save the picture as PNG.'],
    [
      'other',
      text('hello'),
      'a.png: not a PNG: its first bytes are those of some other kind of file. Save the picture as PNG.',
    ],
    ['only a beginning', signature, 'a.png: a damaged PNG (it ends after 8 bytes). Save it again.'],
    [
      'a bomb',
      png(100_000, 100_000, 8, 0, [[0]]),
      'a.png: a PNG of 100000×100000 pixels; from 1 to 100 million are read. Make it smaller.',
    ],
    [
      'no pixels',
      png(0, 5, 8, 0, [[0]]),
      'a.png: a PNG of 0×5 pixels; from 1 to 100 million are read. Make it smaller.',
    ],
  ])('%s', (_, bytes, message) => {
    expect(() => decodePng(bytes, 'a.png')).toThrow(new DataError(message));
  });

  const good = png(
    8,
    8,
    8,
    2,
    Array.from({ length: 8 }, (_, y) => Array.from({ length: 24 }, (_, x) => (x * y * 7) % 256)),
  );
  /** `read`, `refused`, or the error that should not have been. */
  function outcome(bytes: Uint8Array): unknown {
    try {
      decodePng(bytes, 'x');
      return 'read';
    } catch (error) {
      return error instanceof DataError ? 'refused' : error;
    }
  }

  it('a file cut anywhere', () => {
    for (let length = 0; length < good.length - 12; length++) {
      expect([length, outcome(good.slice(0, length))]).toEqual([length, 'refused']);
    }
  });

  it('a file with a changed byte is refused, or read when the byte does not matter', () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = good.map((byte, i) => (i === at ? byte ^ change : byte));
        expect(outcome(bytes)).toBeOneOf(['read', 'refused']);
      }),
      { numRuns: 500 },
    );
  });
});
