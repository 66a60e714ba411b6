/**
 * Plan: files put together by hand, chunk by chunk, in every colour type and depth, against pixels computed on
 * paper; our own files round trip and begin as PNG says; what is not a PNG, cut off or damaged is a DataError. Then pngjs,
 * which only encodes in the product, must agree with our decoder on random files of every kind.
 */
import { crc32, deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { type Picture } from '../../src/data/picture.js';
import { decodePng } from '../../src/data/png.js';
import { DataError } from '../../src/errors.js';
import { encodePng } from '../../src/node/png.js';

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
): Uint8Array {
  return pngOf(width, height, depth, type, [
    ...between,
    chunk('IDAT', deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])))),
    chunk('IEND', []),
  ]);
}

/** A PNG from its header fields and whatever chunks follow. */
function pngOf(width: number, height: number, depth: number, type: number, chunks: Uint8Array[]): Uint8Array {
  const size = [...new Uint8Array(new Uint32Array([width, height]).buffer)];
  const [w, h] = [size.slice(0, 4).reverse(), size.slice(4).reverse()];
  const header = chunk('IHDR', [...w, ...h, depth, type, 0, 0, 0]);
  return new Uint8Array(Buffer.concat([signature, header, ...chunks]));
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
  ])('%s', async (_, bytes, pixels) => {
    const picture = await decodePng(bytes, 'picture.png');
    expect(picture.channels).toBe(4);
    expect([...picture.data]).toEqual(pixels);
  });

  it('knows width from height', async () => {
    const rows = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(await decodePng(png(3, 2, 8, 0, rows), 'x')).toMatchObject({ width: 3, height: 2 });
  });
});

describe('encodePng', () => {
  it.each([1, 2, 3, 4] as const)('round trip with %d channels', async (channels) => {
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
    expect([...(await decodePng(bytes, 'x')).data]).toEqual(expected.flat());
  });

  it('takes a view into a larger array', async () => {
    const whole = Uint8Array.from({ length: 100 }, (_, i) => i);
    const bytes = encodePng({ data: whole.subarray(10, 14), width: 2, height: 2, channels: 1 });
    expect([...(await decodePng(bytes, 'x')).data].filter((_, i) => i % 4 === 0)).toEqual([10, 11, 12, 13]);
  });

  it('refuses what does not fit', () => {
    const bad: Picture = { data: new Uint8Array(5), width: 2, height: 2, channels: 1 };
    expect(() => encodePng(bad)).toThrowErrorMatchingInlineSnapshot(
      `[DataError: PNG: a picture of 2×2 with 1 channels needs 4 bytes, but there are 5.]`,
    );
  });
});

describe('what is not a PNG', () => {
  const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(0), 'a.png: is empty, expected a picture.'],
    ['JPEG', text('\xff\xd8\xff\xe0'), 'a.png: is a JPEG, which is not read here. Save it as PNG.'],
    ['GIF', text('GIF89a'), 'a.png: is a GIF, which is not read here. Save it as PNG.'],
    [
      'WebP',
      text('RIFF\x01\x02\x03\x04WEBPVP8 '),
      'a.png: is a WebP, which is not read here. Save it as PNG.',
    ],
    ['BMP', text('BM123456789012\x28'), 'a.png: is a BMP, which is not read here. Save it as PNG.'],
    [
      'SVG',
      text('<svg>'),
      'a.png: is not a picture: it is text such as SVG or HTML. Save it as PNG or JPEG.',
    ],
    [
      'other',
      text('hello'),
      'a.png: is not a picture: its first bytes are those of some other kind of file. Save it as PNG or JPEG.',
    ],
    ['only a beginning', signature, 'a.png: a damaged PNG (it ends after 8 bytes). Save it again.'],
    [
      'a bomb',
      png(100_000, 100_000, 8, 0, [[0]]),
      'a.png: a picture of 100000×100000 pixels; from 1 to 100 million are read. Make it smaller.',
    ],
    [
      'no pixels',
      png(0, 5, 8, 0, [[0]]),
      'a.png: a picture of 0×5 pixels; from 1 to 100 million are read. Make it smaller.',
    ],
    [
      'a bomb in a second header',
      png(1, 1, 8, 0, [[0]], [png(100_000, 100_000, 8, 0, [[0]]).subarray(8, 33)]),
      'a.png: a damaged PNG (its first chunk, and no other, must be its header). Save it again.',
    ],
  ])('%s', async (_, bytes, message) => {
    await expect(decodePng(bytes, 'a.png')).rejects.toThrow(new DataError(message));
  });

  const good = png(
    8,
    8,
    8,
    2,
    Array.from({ length: 8 }, (_, y) => Array.from({ length: 24 }, (_, x) => (x * y * 7) % 256)),
  );
  /** `read`, `refused`, or the error that should not have been. */
  async function outcome(bytes: Uint8Array): Promise<unknown> {
    try {
      await decodePng(bytes, 'x');
      return 'read';
    } catch (error) {
      return error instanceof DataError ? 'refused' : error;
    }
  }

  it('a file cut anywhere', async () => {
    for (let length = 0; length < good.length; length++) {
      expect([length, await outcome(good.slice(0, length))]).toEqual([length, 'refused']);
    }
  });

  const row = deflateSync(Uint8Array.of(0, 1, 2, 3));
  const end = chunk('IEND', []);
  const palette = chunk('PLTE', [1, 2, 3]);
  it.each<[string, Uint8Array, string]>([
    ['pixels that end early', pngOf(3, 200, 8, 0, [chunk('IDAT', row), end]), '4 of 800 bytes of pixels'],
    ['pixels that are cut off', pngOf(3, 1, 8, 0, [chunk('IDAT', row.subarray(0, 5)), end]), '…'],
    [
      'more pixels than there is room for',
      pngOf(2, 1, 8, 0, [chunk('IDAT', row), end]),
      'it holds more pixels than its size says',
    ],
    ['no pixels at all', pngOf(3, 1, 8, 0, [end]), 'it holds no pixels'],
    [
      'a size far beyond the bytes, which is not allocated',
      pngOf(10_000, 10_000, 16, 6, [chunk('IDAT', row), end]),
      `its size takes 800010000 bytes of pixels, but ${row.length} packed bytes cannot hold them`,
    ],
    [
      'an unknown filter',
      pngOf(3, 1, 8, 0, [chunk('IDAT', deflateSync(Uint8Array.of(5, 1, 2, 3))), end]),
      'row 0 has the unknown filter 5',
    ],
    ['no end', pngOf(3, 1, 8, 0, [chunk('IDAT', row)]), 'it is cut off'],
    [
      'bytes behind its end',
      pngOf(3, 1, 8, 0, [chunk('IDAT', row), end, Uint8Array.of(1, 2)]),
      '2 bytes follow its end',
    ],
    [
      'a wrong checksum',
      pngOf(3, 1, 8, 0, [chunk('IDAT', row).fill(7, row.length + 8), end]),
      'the checksum of its chunk IDAT is wrong',
    ],
    [
      'a name of control characters',
      pngOf(3, 1, 8, 0, [chunk('\x1b[2J', []).fill(0, 8), end]),
      'the checksum of its chunk with a damaged name is wrong',
    ],
    [
      'a chunk that no decoder may skip',
      pngOf(3, 1, 8, 0, [chunk('NEWS', []), chunk('IDAT', row), end]),
      'no PNG has the chunk NEWS',
    ],
    [
      'a second palette',
      pngOf(3, 1, 8, 3, [palette, palette, chunk('IDAT', row), end]),
      'it has a second chunk PLTE',
    ],
    ['no palette', pngOf(3, 1, 8, 3, [chunk('IDAT', row), end]), 'it has no palette'],
    [
      'a colour that its palette does not have',
      pngOf(3, 1, 8, 3, [palette, chunk('IDAT', row), end]),
      'its palette has no colour 1',
    ],
    [
      'depths that its colour type does not have',
      pngOf(3, 1, 4, 2, [chunk('IDAT', row), end]),
      'RGB has no 4 bits',
    ],
  ])('%s', async (_, bytes, reason) => {
    const message =
      reason === '…'
        ? /^a\.png: a damaged PNG \(.+\)\. Save it again\.$/ // the reason is zlib's
        : new DataError(`a.png: a damaged PNG (${reason}). Save it again.`);
    await expect(decodePng(bytes, 'a.png')).rejects.toThrow(message);
  });

  it('a file with a changed byte is refused, or read when the byte does not matter', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = good.map((byte, i) => (i === at ? byte ^ change : byte));
        expect(await outcome(bytes)).toBeOneOf(['read', 'refused']);
      }),
      { numRuns: 500 },
    );
  });
});

describe('pngjs and our decoder agree', () => {
  const kinds = [
    { type: 0, samples: 1, depths: [1, 2, 4, 8, 16] },
    { type: 2, samples: 3, depths: [8, 16] },
    { type: 3, samples: 1, depths: [1, 2, 4, 8] },
    { type: 4, samples: 2, depths: [8, 16] },
    { type: 6, samples: 4, depths: [8, 16] },
  ];
  /** Which of Adam7's passes each pixel of an 8×8 tile belongs to, as the standard draws it. */
  const primitives = [
    '16462646',
    '77777777',
    '56565656',
    '77777777',
    '36463646',
    '77777777',
    '56565656',
    '77777777',
  ];

  /** Widths and heights of the pictures that a picture is stored as. */
  function stored(width: number, height: number, isInterlaced: boolean): [number, number][] {
    if (!isInterlaced) return [[width, height]];
    return [...'1234567'].map((primitive) => {
      const isIn = (x: number, y: number) => primitives[y % 8]![x % 8] === primitive;
      const columns = Array.from({ length: width }, (_, x) => x).filter((x) =>
        Array.from({ length: height }, (_, y) => y).some((y) => isIn(x, y)),
      );
      const rows = Array.from({ length: height }, (_, y) => y).filter((y) =>
        Array.from({ length: width }, (_, x) => x).some((x) => isIn(x, y)),
      );
      return [columns.length, rows.length];
    });
  }

  it.each(kinds.flatMap(({ type, samples, depths }) => depths.map((depth) => ({ type, samples, depth }))))(
    'colour type $type, $depth bits: any size, filters, interlacing, transparency',
    async ({ type, samples, depth }) => {
      const size = fc.integer({ min: 1, max: 19 });
      const property = fc.asyncProperty(
        size,
        size,
        fc.boolean(),
        fc.boolean(),
        fc.infiniteStream(fc.nat(255)),
        async (width, height, isInterlaced, isClear, stream) => {
          const next = (): number => stream.next().value as number;
          // Any bytes are pixels: what follows a row's filter byte is only differences.
          const rows = stored(width, height, isInterlaced).flatMap(([w, h]) =>
            Array.from({ length: w === 0 ? 0 : h }, () => [
              next() % 5,
              ...Array.from({ length: Math.ceil((w * samples * depth) / 8) }, next),
            ]),
          );
          const extra = [
            ...(type === 3 ? [chunk('PLTE', Array.from({ length: 3 << depth }, next))] : []),
            ...(isClear && type === 3 ? [chunk('tRNS', Array.from({ length: 1 << (depth - 1) }, next))] : []),
            ...(isClear && (type === 0 || type === 2)
              ? [
                  chunk(
                    'tRNS',
                    Array.from({ length: samples }, () => [0, depth < 8 ? next() % 2 : next()]).flat(),
                  ),
                ]
              : []),
          ];
          const header = [0, 0, 0, width, 0, 0, 0, height, depth, type, 0, 0, isInterlaced ? 1 : 0];
          const pixels = chunk('IDAT', deflateSync(Uint8Array.from(rows.flat())));
          const bytes = new Uint8Array(
            Buffer.concat([signature, chunk('IHDR', header), ...extra, pixels, chunk('IEND', [])]),
          );
          const { data } = await decodePng(bytes, 'x');
          const wanted = new Uint8Array(PNG.sync.read(Buffer.from(bytes)).data);
          // pngjs turns fully transparent pixels black, which is invisible.
          for (const pixels of [wanted, data])
            for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 0) pixels.fill(0, i, i + 3);
          expect(data).toEqual(wanted);
        },
      );
      await fc.assert(property, { numRuns: 40 });
    },
  );
});
