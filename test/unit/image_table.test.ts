/** Tables as tools write them: separators, places and kinds of labels, indices, ranges of pixels; and what is refused. */
import { describe, expect, it } from 'vitest';
import { type TableOptions, parseImageTable } from '../../src/data/image_table.js';

const read = (text: string, options: TableOptions = {}) => {
  const { images, labels, labelNames, notes, height, width, channels } = parseImageTable(
    new TextEncoder().encode(text),
    'a.csv',
    options,
  );
  return {
    images: [...images],
    ...(labels ? { labels: [...labels] } : {}),
    ...(labelNames ? { labelNames } : {}),
    shape: [height, width, channels],
    notes,
  };
};
const two = { images: [0, 10, 20, 30, 40, 50, 60, 255], labels: [3, 7], shape: [2, 2, 1] };

describe('parseImageTable', () => {
  it.each<[string, string, TableOptions?]>([
    ['the plain form', 'label,pixel0,pixel1,pixel2,pixel3\n3,0,10,20,30\n7,40,50,60,255\n'],
    ['semicolons', 'label;p0;p1;p2;p3\n3;0;10;20;30\n7;40;50;60;255\n'],
    ['tabs', 'label\tp0\tp1\tp2\tp3\r\n3\t0\t10\t20\t30\r\n7\t40\t50\t60\t255\r\n'],
    ['the label last', 'p0,p1,p2,p3,class\n0,10,20,30,3\n40,50,60,255,7\n'],
    ['the label in between', 'p0,p1,digit,p2,p3\n0,10,3,20,30\n40,50,7,60,255\n'],
    ['an id before the label', 'id,label,p0,p1,p2,p3\n1,3,0,10,20,30\n2,7,40,50,60,255\n'],
    ["the index that pandas writes, under ''", ',label,p0,p1,p2,p3\n0,3,0,10,20,30\n1,7,40,50,60,255\n'],
    ['numbers as names', 'label,0,1,2,3\n3,0,10,20,30\n7,40,50,60,255\n'],
    ['a named column', 'kind,p0,p1,p2,p3\n3,0,10,20,30\n7,40,50,60,255\n', { labelColumn: 'Kind' }],
    ['the last column of no header', '0,10,20,30,3\n40,50,60,255,7\n', { labelColumn: 'last' }],
    ['exponents', 'label,p0,p1,p2,p3\n3,0e0,1.0e+01,2e1,3.0e+01\n7.0,4e1,50,6E1,2.55e+02\n'],
    ['quotes', '"label","p0","p1","p2","p3"\n"3","0","10","20","30"\n"7","40","50","60","255"\n'],
  ])('%s', (_, text, options) => {
    expect(read(text, options)).toMatchObject(two);
  });

  it('finds the label last without a header where the corner never changes', () => {
    expect(read('0,10,20,30,3\n0,50,60,255,7\n')).toMatchObject({
      images: [0, 10, 20, 30, 0, 50, 60, 255],
      labels: [3, 7],
      notes: ['a.csv: the labels are in column 5 of 5.'],
    });
  });

  it('takes text as labels, in natural order', () => {
    const rows = 'species,p0,p1,p2,p3\n"cat, big",0,1,2,3\nant 10,4,5,6,7\nant 9,8,9,10,11\n';
    expect(read(rows, { labelColumn: 'species' })).toMatchObject({
      labels: [2, 1, 0],
      labelNames: ['ant 9', 'ant 10', 'cat, big'],
    });
  });

  it('scales pixels from 0 to 1 and from −1 to 1, and says so', () => {
    expect(read('label,p0,p1,p2,p3\n3,0.0,0.2,0.4,1.0\n')).toMatchObject({
      images: [0, 51, 102, 255],
      notes: [
        "a.csv: the labels are in column 'label' of 5.",
        'a.csv: pixels from 0 to 1 were scaled to 0 … 255.',
      ],
    });
    expect(read('label,p0,p1,p2,p3\n3,-1,-0.2,0.2,1.0\n').images).toEqual([0, 102, 153, 255]);
    expect(read('label,p0,p1,p2,p3\n3,0,1,0,1\n', { pixelRange: [0, 1] }).images).toEqual([0, 255, 0, 255]);
    // White before black inverts.
    expect(read('label,p0,p1,p2,p3\n3,0,16,8,4\n', { pixelRange: [16, 0] }).images).toEqual([
      255, 0, 128, 191,
    ]);
  });

  it('reads images without labels', () => {
    expect(read('id;p0;p1;p2;p3\n1;0;1;2;3\n')).toMatchObject({ images: [0, 1, 2, 3] });
    expect(read('id;p0;p1;p2;p3\n1;0;1;2;3\n')).not.toHaveProperty('labels');
  });

  it.each<[string, TableOptions?]>([
    ['label;p0;p1;p2\n3;0;1;2\n'],
    ['label;p0;p1;p2;p3\n3;0;1;2\n'],
    ['label;p0;p1;p2;p3\n3;0;1;two;3\n'],
    ['label;p0;p1;p2;p3\n;0;1;2;3\n'],
    ['label;p0;p1;p2;p3\n'],
    ['label;p0;p1;p2;p3\n3;0;1;2;300\n'],
    ['label;p0;p1;p2;p3\n-3;0;1;2;3\n'],
    ['label,p0,p1,p2,p3\n3,0,1,2,3\n', { labelColumn: 'kind' }],
    ['label,p0,p1,p2,p3\n3,0,1,2,3\n', { pixelRange: [0, 1] }],
    [`label;p0\n${Array.from({ length: 101 }, (_, i) => `n${i};1\n`).join('')}`],
  ])('refuses %j', (text, options) => {
    expect(() => read(text, options)).toThrowErrorMatchingSnapshot();
  });
});
