/**
 * Escapes names of files and classes for output: an escape sequence could move the terminal's cursor, change its
 * title or hide text, a line break could fake a line, and a bidirectional control could reverse a line.
 */

/**
 * Control and format characters, line separators, and halves of surrogate pairs. Keeps the two joiners, which
 * Persian and emoji need, and the visible number signs of Arabic and Kaithi.
 */
const invisible =
  /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]|(?![\u200c-\u200d\u0600-\u0605\u06dd\u070f\u0890-\u0891\u08e2\u{110bd}\u{110cd}])\p{Cf}/gu;

const short: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with every invisible character escaped: `\x1b`, `\n`, `\u202e`. */
export function visibleText(text: string): string {
  return text.replaceAll(invisible, (character) => short[character] ?? escaped(character));
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`;
}

/** JSON with every invisible character escaped, which parses to the same value. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(invisible, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${hex(character.charCodeAt(i), 4)}`).join(''),
  );
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
