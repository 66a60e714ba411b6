/** Splits WGSL into tokens for syntax colouring. It is not a parser: it recognises only what gets a colour. */

export type TokenKind = 'comment' | 'keyword' | 'type' | 'number' | 'attribute' | 'call' | 'plain';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const keywords = [
  'alias',
  'break',
  'case',
  'const',
  'continue',
  'default',
  'diagnostic',
  'discard',
  'else',
  'enable',
  'false',
  'fn',
  'for',
  'function',
  'if',
  'let',
  'loop',
  'override',
  'private',
  'read',
  'read_write',
  'requires',
  'return',
  'storage',
  'struct',
  'switch',
  'true',
  'uniform',
  'var',
  'while',
  'workgroup',
].join('|');

/** Alternatives in the order in which they are tried. */
const pattern = new RegExp(
  [
    String.raw`(?<comment>\/\/.*)`,
    String.raw`(?<attribute>@\w+)`,
    String.raw`(?<number>\b(?:0x[\da-fA-F]+[iu]?|\d[\d.]*(?:e[+-]?\d+)?[fhiu]?)\b\.?)`,
    String.raw`(?<keyword>\b(?:${keywords})\b)`,
    String.raw`(?<type>\b(?:bool|[fiu]\d\d|f16|(?:vec[234]|mat[234]x[234])[fhiu]?|array|atomic|ptr)\b)`,
    String.raw`(?<call>\b[a-z]\w*(?=\())`,
  ].join('|'),
  'g',
);

/** The tokens of one line; joined, they are the line. Block comments are not recognised, as the shaders have none. */
export function tokensOf(line: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const match of line.matchAll(pattern)) {
    if (match.index > end) tokens.push({ kind: 'plain', text: line.slice(end, match.index) });
    const [kind] = Object.entries(match.groups ?? {}).find(([, text]) => text !== undefined) ?? ['plain'];
    tokens.push({ kind: kind as TokenKind, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < line.length) tokens.push({ kind: 'plain', text: line.slice(end) });
  return tokens;
}
