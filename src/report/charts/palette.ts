/**
 * The colours of charts and pages, for light and dark backgrounds.
 *
 * Charts have light colours as attributes and their names as classes: alone, or rendered as PNG, a chart is light; in a page,
 * the page's style sheet overrides the attributes and follows the reader's setting.
 *
 * Source of the colours of series: Okabe & Ito 2008, Color Universal Design (distinguishable with any colour vision),
 * darkened or lightened for contrast with the background.
 */

export const colours = {
  paper: { light: '#ffffff', dark: '#14171c' },
  raised: { light: '#f5f7f9', dark: '#1d2229' },
  ink: { light: '#1a1f26', dark: '#e8eaed' },
  soft: { light: '#56606d', dark: '#a7b0bc' },
  axis: { light: '#8d97a3', dark: '#66717e' },
  grid: { light: '#e2e6eb', dark: '#2c333c' },
  blue: { light: '#0068a8', dark: '#56b4e9' },
  orange: { light: '#c24f00', dark: '#f2934f' },
  green: { light: '#00805d', dark: '#3cc79d' },
  pink: { light: '#b3578a', dark: '#e39cc5' },
  yellow: { light: '#8f6a00', dark: '#e8bb45' },
  grey: { light: '#4c535c', dark: '#c3c9d1' },
  /** Text on a surface in one of the colours of series. */
  onColour: { light: '#ffffff', dark: '#0d1115' },
} as const;

export type Colour = keyof typeof colours;

/** The colours of series, in order of use. */
export const seriesColours = [
  'blue',
  'orange',
  'green',
  'pink',
  'yellow',
  'grey',
] as const satisfies readonly Colour[];

/** Attributes that paint a shape: `paint({ fill: 'ink' })` → `class="f-ink" fill="#1a1f26"`. */
export function paint({ fill, stroke }: { readonly fill?: Colour; readonly stroke?: Colour }): string {
  const classes = [...(fill ? [`f-${fill}`] : []), ...(stroke ? [`s-${stroke}`] : [])].join(' ');
  const filled = fill ? ` fill="${colours[fill].light}"` : ' fill="none"';
  const stroked = stroke ? ` stroke="${colours[stroke].light}"` : '';
  return `class="${classes}"${filled}${stroked}`;
}

/** CSS rules that make charts use the page's colours; the page defines `--ink` and the others with `variables`. */
export function chartRules(): string {
  return Object.keys(colours)
    .map((name) => `.f-${name}{fill:var(--${name})}.s-${name}{stroke:var(--${name})}`)
    .join('\n');
}

/** CSS rules that make a standalone chart dark if the reader prefers dark colours. */
export function darkRules(): string {
  const rules = Object.entries(colours).map(
    ([name, { dark }]) => `.f-${name}{fill:${dark}}.s-${name}{stroke:${dark}}`,
  );
  return `@media (prefers-color-scheme:dark){${rules.join('')}}`;
}

/** `--ink:#1a1f26;…` for light or dark backgrounds. */
export function variables(theme: 'light' | 'dark'): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value[theme]}`)
    .join(';');
}
