/** Pictures in labelled rows and columns, such as originals next to their variants. */
import { maxOf } from '../../extent.js';
import type { Picture } from '../evaluation_file.js';
import { type EncodePng, boxFor, svgImage } from './picture.js';
import { paint } from './palette.js';
import { type Drawing, line, px, shorten, text, textWidth } from './svg.js';

/** Adjacent columns under one heading. */
export interface ColumnGroup {
  readonly label: string;
  readonly count: number;
}

export interface PictureRow {
  readonly label: string;
  readonly pictures: readonly Picture[];
}

export interface PictureTable {
  readonly title: string;
  /** A second line under the title. */
  readonly note?: string;
  readonly columns: readonly ColumnGroup[];
  readonly rows: readonly PictureRow[];
  readonly encode: EncodePng;
}

const gap = 8;
const groupGap = 20;

export function pictureTable({ title, note, columns, rows, encode }: PictureTable): Drawing {
  const box = boxFor(rows[0]?.pictures[0]);
  const labelWidth = Math.min(170, Math.max(0, maxOf(rows.map(({ label }) => textWidth(label, 12)))));
  const left = 16 + (labelWidth > 0 ? labelWidth + 12 : 0);
  const hasHeads = columns.some(({ label }) => label !== '');
  const top = (note === undefined ? 40 : 60) + (hasHeads ? 26 : 0);
  const starts: number[] = [];
  let x = left;
  const heads = columns.map(({ label, count }) => {
    const begin = x;
    for (let i = 0; i < count; i++) {
      starts.push(x);
      x += box + gap;
    }
    const end = x - gap;
    x += groupGap - gap;
    if (label === '') return '';
    const isNarrow = count === 1;
    return (
      text((begin + end) / 2, top - 12, shorten(label, Math.max(end - begin, box + 14), 12), {
        size: 12,
        anchor: 'middle',
        isBold: true,
      }) + (isNarrow ? '' : line(begin, top - 6, end, top - 6, 'axis'))
    );
  });
  const right = x - groupGap;
  const width = Math.max(right + 20, 32 + textWidth(title, 15) * 1.08, 32 + textWidth(note ?? '', 12));
  const body = rows.map(({ label, pictures }, row) => {
    const y = top + row * (box + gap);
    const images = pictures.map((picture, i) => {
      const at = starts[i]!;
      return `${svgImage(picture, encode, at, y, box)}<rect x="${px(at - 0.5)}" y="${px(y - 0.5)}" width="${box + 1}" height="${box + 1}" ${paint({ stroke: 'grid' })}/>`;
    });
    return (
      text(left - 12, y + box / 2 + 4, shorten(label, labelWidth, 12), { anchor: 'end' }) + images.join('')
    );
  });
  return {
    width,
    height: top + rows.length * (box + gap) + 8,
    description: `${title}${note === undefined ? '' : `, ${note}`}: ${rows
      .map(({ label }) => label)
      .filter(Boolean)
      .join(', ')}; columns: ${columns
      .map(({ label }) => label)
      .filter(Boolean)
      .join(', ')}.`,
    body: [
      text(16, 26, title, { size: 15, isBold: true }),
      note === undefined ? '' : text(16, 46, note, { size: 12, colour: 'soft' }),
      ...heads,
      ...body,
    ]
      .filter((part) => part !== '')
      .join('\n'),
  };
}
