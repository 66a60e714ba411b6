/** Building blocks of SVG charts. */
import { checkCall } from '../../calls.js';
import { type Rules, flag, positive, required, text as textRule } from '../../options.js';
import { type Colour, darkRules, paint } from './palette.js';

/** A chart: its size in pixels, a text alternative, and its shapes. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  /** Text alternative for screen readers. */
  readonly description: string;
  readonly body: string;
}

const fontFamily = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif";

/** Control characters and halves of surrogate pairs, which XML does not allow, and bidirectional controls. */
const unwanted =
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu;

/** Text for SVG and HTML, inside elements and inside quoted attributes. */
export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
    .replaceAll(unwanted, '\ufffd');
}

/** For embedding in a page, whose style sheet colours it. */
export function inlineSvg({ width, height, description, body }: Drawing): string {
  // On a narrow screen it shrinks to three quarters, which keeps its text legible, and then scrolls.
  return `<svg class="chart" style="--least:${Math.round(width * 0.75)}px" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img" aria-label="${escape(description)}" font-family="${fontFamily}">${body}</svg>`;
}

const drawingRules = (): Rules<Drawing> => ({
  width: required(positive),
  height: required(positive),
  description: required(textRule),
  body: required(textRule),
});

/** A standalone file on white; if adaptive, dark for readers who prefer dark colours. */
export function svgFile(drawing: Drawing, options: { readonly isAdaptive?: boolean } = {}): string {
  checkCall('charts.svg', drawing, drawingRules);
  checkCall('charts.svg', options, () => ({ isAdaptive: flag }));
  const { width, height, description, body } = drawing;
  const { isAdaptive = false } = options;
  // Browsers use the rule, which makes pixels crisp; renderers that ignore @media use the images' attribute.
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${px(width)} ${px(height)}" width="${px(width)}" height="${px(height)}" role="img" aria-label="${escape(description)}" font-family="${fontFamily}">
<style>@media all{image{image-rendering:pixelated}}${isAdaptive ? darkRules() : ''}</style>
<rect width="100%" height="100%" ${paint({ fill: 'paper' })}/>
${body}
</svg>
`;
}

/** A coordinate, rounded to two decimals, finer than any screen. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export interface TextStyle {
  readonly size?: number;
  readonly colour?: Colour;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly isBold?: boolean;
  /** Degrees, clockwise, about the position of the text. */
  readonly turn?: number;
}

/** One line of text; `y` is its baseline. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, colour = 'ink', anchor = 'start', isBold = false, turn = 0 } = style;
  const anchored = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  const weight = isBold ? ' font-weight="700"' : '';
  const turned = turn === 0 ? '' : ` transform="rotate(${px(turn)} ${px(x)} ${px(y)})"`;
  return `<text x="${px(x)}" y="${px(y)}" font-size="${size}"${anchored}${weight}${turned} ${paint({ fill: colour })}>${escape(content)}</text>`;
}

export function line(
  x1: number,
  y1: number,
  x2: number,
  y2: number,
  colour: Colour,
  { width = 1, dash = '' }: { readonly width?: number; readonly dash?: string } = {},
): string {
  const dashes = dash === '' ? '' : ` stroke-dasharray="${dash}"`;
  return `<line x1="${px(x1)}" y1="${px(y1)}" x2="${px(x2)}" y2="${px(y2)}" stroke-width="${width}"${dashes} ${paint({ stroke: colour })}/>`;
}

/** A shape with `words` as its tooltip. */
export function titled(shape: string, words: string): string {
  return `<g><title>${escape(words)}</title>${shape}</g>`;
}

/** The approximate width of a line of text, to keep labels apart: letters are 0.6 of their size, narrow ones 0.35. */
export function textWidth(content: string, size = 12): number {
  let width = 0;
  for (const letter of content)
    width += /[ilj.,:;'|!()[\] ]/.test(letter) ? 0.36 : /[mwMW%@—]/.test(letter) ? 0.92 : 0.62;
  return width * size;
}

/** At most `width` pixels wide; cut text ends in an ellipsis. */
export function shorten(content: string, width: number, size = 12): string {
  if (textWidth(content, size) <= width) return content;
  // From the front, because a name may be very long.
  let cut = '';
  for (const letter of content) {
    if (cut !== '' && textWidth(`${cut}${letter}…`, size) > width) break;
    cut += letter;
  }
  return `${cut.trimEnd()}…`;
}
