/**
 * The colours of charts and pages, for light and for dark surroundings.
 *
 * Charts carry a light colour as an attribute and its name as a class: on its own, or drawn as PNG, a chart is light;
 * inside a page the page's style sheet, which overrules attributes, follows the reader's setting.
 *
 * Source of the colours of series: Okabe & Ito 2008, Color Universal Design (told apart with any colour vision),
 * darkened or lightened until they stand out from their background.
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
  /** Letters on a surface filled with one of the colours of series. */
  onColour: { light: '#ffffff', dark: '#0d1115' },
} as const;

export type Colour = keyof typeof colours;

/** The colours of series, in the order in which charts take them. */
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

/** The rules that let charts follow the page's colours; the page defines `--ink` and the others with `variables`. */
export function chartRules(): string {
  return Object.keys(colours)
    .map((name) => `.f-${name}{fill:var(--${name})}.s-${name}{stroke:var(--${name})}`)
    .join('\n');
}

/** The rules by which a chart that is a file of its own turns dark where the reader's setting is. */
export function darkRules(): string {
  const rules = Object.entries(colours).map(
    ([name, { dark }]) => `.f-${name}{fill:${dark}}.s-${name}{stroke:${dark}}`,
  );
  return `@media (prefers-color-scheme:dark){${rules.join('')}}`;
}

/** `--ink:#1a1f26;…` for light or dark surroundings. */
export function variables(theme: 'light' | 'dark'): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value[theme]}`)
    .join(';');
}
