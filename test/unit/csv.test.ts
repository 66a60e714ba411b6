/**
 * Plan: three rows small enough to read by eye; each form of the header, and none; line ends, a mark at the start,
 * quotes, spaces, points; shapes that are no square; wide labels; every way a file can be wrong, with its line,
 * column and message pinned; any images written as CSV are read back, any bytes at all give images or a DataError.
 */
import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { parseCsv } from '../../src/data/csv.js';
import { DataError } from '../../src/errors.js';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (text: string, options = {}) => parseCsv(bytesOf(text), 'train.csv', options);
const labelled = 'label,pixel0,pixel1,pixel2,pixel3\n';

describe('parseCsv', () => {
  it('reads rows with labels', () => {
    expect(parse(`${labelled}7,0,1,2,3\n0,255,10,20,30\n`)).toEqual({
      images: Uint8Array.of(0, 1, 2, 3, 255, 10, 20, 30),
      labels: Uint8Array.of(7, 0),
      count: 2,
      height: 2,
      width: 2,
      channels: 1,
    });
  });

  it.each([
    ['pixel0,pixel1,pixel2,pixel3'],
    ['pixel1,pixel2,pixel3,pixel4'],
    ['1x1,1x2,2x1,2x2'],
    ['"pixel0","pixel1","pixel2","pixel3"'],
  ])('reads rows without labels under %s', (header) => {
    const images = parse(`${header}\n1,2,3,4\n`);
    expect(images).toEqual({ images: Uint8Array.of(1, 2, 3, 4), count: 1, height: 2, width: 2, channels: 1 });
  });

  it.each([
    ['label,pixel1,pixel2,pixel3,pixel4'],
    ['Label,1x1,1x2,2x1,2x2'],
    ['"label", "p0", "p1", "p2", "p3"'],
  ])('reads rows with labels under %s', (header) => {
    expect(parse(`${header}\n9,1,2,3,4`)).toMatchObject({ labels: Uint8Array.of(9), count: 1, height: 2 });
  });

  it('without a header takes the first column for the label when the others make a square', () => {
    expect(parse('3,1,2,3,4\n')).toMatchObject({
      labels: Uint8Array.of(3),
      images: Uint8Array.of(1, 2, 3, 4),
    });
    expect(parse('1,2,3,4\n5,6,7,8\n')).not.toHaveProperty('labels');
    expect(parse('4,1,2\n', { shape: { height: 1, width: 2, channels: 1 } }).labels).toEqual(
      Uint8Array.of(4),
    );
  });

  it.each([
    ['CR LF', `${labelled}1,2,3,4,5\n6,7,8,9,10\n`.replaceAll('\n', '\r\n')],
    ['CR', `${labelled}1,2,3,4,5\n6,7,8,9,10\n`.replaceAll('\n', '\r')],
    ['no last line end', `${labelled}1,2,3,4,5\n6,7,8,9,10`],
    ['blank lines at the end', `${labelled}1,2,3,4,5\n6,7,8,9,10\n\r\n\n`],
    ['a byte order mark', `\uFEFF${labelled}1,2,3,4,5\n6,7,8,9,10\n`],
    ['quotes', `${labelled}"1","2",3,4,"5"\n6,"7",8,9,"10"`],
    ['spaces', `${labelled}1, 2, 3,4 ,5\n 6 ,7,8,\t9,10 \n`],
    ['points', `${labelled}1.0,2.,3.00,4,5.0\n6,7,8,9,10.0`],
    ['leading zeros', `${labelled}01,002,3,4,5\n6,7,8,9,0000010\n`],
  ])('reads the same with %s', (_, text) => {
    const { images, labels } = parse(text);
    expect([...images]).toEqual([2, 3, 4, 5, 7, 8, 9, 10]);
    expect([...labels!]).toEqual([1, 6]);
  });

  it('takes a shape that is no grey square', () => {
    const shape = { height: 1, width: 2, channels: 3 };
    expect(parse('label,p0,p1,p2,p3,p4,p5\n1,1,2,3,4,5,6\n', { shape })).toMatchObject(shape);
  });

  it('keeps labels up to 65,535', () => {
    expect(parse(`${labelled}65535,0,0,0,0\n255,0,0,0,0\n`).labels).toEqual(Uint16Array.of(65_535, 255));
  });

  it.each<[string, string]>([
    ['', 'train.csv: is empty, expected a CSV of images.'],
    ['\r\n\n', 'train.csv: is empty, expected a CSV of images.'],
    [labelled, 'train.csv: holds a header and no rows.'],
    [
      `${labelled}1,2,3,4,5\n1,2,3,4\n1,2,3,4,5\n`,
      'train.csv, line 3: has 4 cells, expected 5 as in the first line.',
    ],
    [`${labelled}1,2,3,4,5,6\n`, 'train.csv, line 2: has 6 cells, expected 5 as in the first line.'],
    [
      `${labelled}1,2,3,4,5\n1,2,`,
      'train.csv, line 3: has 3 cells, expected 5 as in the first line. It is the last line: is the file cut off?',
    ],
    [`${labelled}1,2,3,4,5\n\n1,2,3,4,5\n`, 'train.csv, line 3: the line is empty.'],
    [
      `${labelled}1,2,x7,4,5\n`,
      "train.csv, line 2, column 3: 'x7' is not a number; expected an integer from 0 to 255.",
    ],
    [
      `${labelled}1,2,,4,5\n`,
      'train.csv, line 2, column 3: the cell is empty; expected an integer from 0 to 255.',
    ],
    [
      `${labelled}1,2,3,4,256\n`,
      'train.csv, line 2, column 5: the value is 256; expected an integer from 0 to 255.',
    ],
    [
      `${labelled}1,2,3,-4,5\n`,
      'train.csv, line 2, column 4: the value is -4; expected an integer from 0 to 255.',
    ],
    [
      `${labelled}1,2,0.5,4,5\n`,
      'train.csv, line 2, column 3: the value is 0.5; expected an integer from 0 to 255. Multiply values from 0 to 1 by 255, and round them.',
    ],
    ...['1e999', 'Infinity', '-3', '0x10', '1e1', '+5', '254.5'].map((cell): [string, string] => [
      `${labelled}1,2,${cell},4,5\n`,
      `train.csv, line 2, column 3: the value is ${cell}; expected an integer from 0 to 255.`,
    ]),
    ...['NaN', 'nan', '1_0', '12 3', '"1'].map((cell): [string, string] => [
      `${labelled}1,2,${cell},4,5\n`,
      `train.csv, line 2, column 3: '${cell}' is not a number; expected an integer from 0 to 255.`,
    ]),
    [
      `${labelled}1.5,2,3,4,5\n`,
      'train.csv, line 2, column 1: the label is 1.5; expected an integer from 0 to 65535.',
    ],
    [
      `${labelled}1,${'0'.repeat(65)}.0,3,4,5\n`,
      'train.csv, line 2, column 2: the value is 00000000000000000000…; expected an integer from 0 to 255.',
    ],
    [
      `${labelled}1,0.0,1.0,0.0,1.0\n`,
      'train.csv: all values are 0 or 1; expected integers from 0 to 255. Multiply values from 0 to 1 by 255, and round them.',
    ],
    [
      `${Array.from({ length: 64 }, (_, i) => `pixel${i}`).join(',')}\n${'0,1,'.repeat(31)}0,1\n`,
      'train.csv: all values are 0 or 1; expected integers from 0 to 255. Multiply values from 0 to 1 by 255, and round them.',
    ],
    [
      `${labelled}1,99999999999999999999999999,3,4,5\n`,
      'train.csv, line 2, column 2: the value is 99999999999999999999…; expected an integer from 0 to 255.',
    ],
    [
      `${labelled}65536,2,3,4,5\n`,
      'train.csv, line 2, column 1: the label is 65536; expected an integer from 0 to 65535.',
    ],
    [
      `${labelled}-1,2,3,4,5\n`,
      'train.csv, line 2, column 1: the label is -1; expected an integer from 0 to 65535.',
    ],
    [
      `${labelled}Shirt,2,3,4,5\n`,
      "train.csv, line 2, column 1: 'Shirt' is not a number; expected an integer from 0 to 65535.",
    ],
    [
      '1,2,3,4\n1,2,3,400\n',
      'train.csv, line 2, column 4: the value is 400; expected an integer from 0 to 255.',
    ],
    [
      'label,pixel0,pixel1\n1,2,3\n',
      "train.csv: the first line has 2 columns after the label, which is not a square number of pixels. Name the images' height, width and channels.",
    ],
    [
      'id,label,pixel0\n1,2,3\n',
      "train.csv: 'label' is column 2 of the header, expected it to be the first.",
    ],
    [
      'name,size,a,b\n1,2,3,4\n',
      "train.csv: its first column is called 'name', expected 'label' or, without labels, 'pixel0'.",
    ],
    ['label;pixel0;pixel1\n1;2;3\n', 'train.csv: its columns are separated by semicolons, expected commas.'],
    ['label\tpixel0\n1\t2\n', 'train.csv: its columns are separated by tabs, expected commas.'],
    ['PK\u0003\u0004', 'train.csv: is a zip archive. Unpack it first.'],
  ])('refuses %j', (text, message) => {
    expect(() => parse(text)).toThrow(new DataError(message));
  });

  it('refuses other encodings, and a shape that does not fit', () => {
    expect(() => parseCsv(Uint8Array.of(0xff, 0xfe, 0x31, 0), 'a.csv')).toThrow(/a\.csv: is in UTF-16/);
    expect(() => parseCsv(Uint8Array.of(0x1f, 0x8b, 8, 0), 'a.csv')).toThrow(/gzip-compressed/);
    expect(() => parse(`${labelled}1,2,3,4,5`, { shape: { height: 3, width: 3, channels: 1 } })).toThrow(
      new DataError('train.csv: the first line has 4 columns after the label, but images of 3×3×1 need 9.'),
    );
  });

  it('reads images that are black, and small ones of 0 and 1', () => {
    expect([...parse(`${labelled}1,0.0,0,0,0\n`).images]).toEqual([0, 0, 0, 0]);
    expect([...parse(`${labelled}1,0,1,0,1\n`).images]).toEqual([0, 1, 0, 1]);
    expect([...parse(`${labelled}1,0.0,1.0,0,2.0\n`).images]).toEqual([0, 1, 0, 2]);
  });

  it('refuses lines without end before it takes them apart', () => {
    const line = `${labelled}1,`.padEnd(2 ** 24 + 100, '1,');
    expect(() => parse(line.slice(labelled.length))).toThrow(
      /^train\.csv: its first line has 16777\d+ bytes, and at most 16777216 are read\. Is it a CSV of images\?$/,
    );
    expect(() => parse(line)).toThrow(
      /^train\.csv, line 2: has 16777\d+ bytes, and at most 16777216 are read\. Are its line ends missing\?$/,
    );
  });

  it('reads back any images', () => {
    const sets = fc.record({
      side: fc.integer({ min: 1, max: 4 }),
      hasHeader: fc.boolean(),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      labels: fc.array(fc.nat(65_535), { minLength: 1, maxLength: 5 }),
      values: fc.uint8Array({ minLength: 80, maxLength: 80 }),
    });
    fc.assert(
      fc.property(sets, ({ side, hasHeader, lineEnd, labels, values }) => {
        const size = side * side;
        const rows = labels.map((label, i) =>
          [label, ...values.subarray(i * size, (i + 1) * size)].join(','),
        );
        const header = ['label', ...Array.from({ length: size }, (_, i) => `pixel${i}`)].join(',');
        const text = (hasHeader ? [header, ...rows] : rows).join(lineEnd);
        const read = parse(text);
        expect(read.images).toEqual(values.slice(0, labels.length * size));
        expect([...read.labels!]).toEqual(labels);
      }),
    );
  });

  it('any text is read or refused', () => {
    const pieces = ['label', 'pixel0', ',', '\n', '\r', '0', '12', '300', '"', '-', ' ', '.', 'x', ';'];
    const outcome = (text: string): string => {
      try {
        const { images, count, height, width } = parse(text);
        return images.length === count * height * width ? 'read' : 'the wrong number of values';
      } catch (error) {
        return error instanceof DataError ? 'refused' : String(error);
      }
    };
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 30 }), (parts) => {
        expect(outcome(parts.join(''))).toBeOneOf(['read', 'refused']);
      }),
      { numRuns: 2000 },
    );
  });
});
