/**
 * What the command line writes. Plan: every kind of invisible character is shown as its number, what people write with stays;
 * lines, errors, tables, JSON and words for a shell with hostile names; bold is the only escape sequence, and ends with its
 * line; lines without end are cut.
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bold, columnName, openOutput, sayError, shellWord, table } from '../../src/cli/output.js';
import { visibleJson, visibleText } from '../../src/visible_text.js';

/** Clears the screen, sets the title, fakes a line, turns the text round. */
const hostile = 'a\x1b[2J\x1b]0;title\x07\nDone.\r\u202eb';
const shown = String.raw`a\x1b[2J\x1b]0;title\x07\nDone.\r\u202eb`;

let written = '';
function listen(stream: 'stdout' | 'stderr'): void {
  written = '';
  vi.spyOn(process[stream], 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
}
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('invisible characters', () => {
  it.each([
    ['\0\x07\x08\t\n\r\x1b\x7f', String.raw`\x00\x07\x08\t\n\r\x1b\x7f`],
    ['\x80\x9b31m\x9d', String.raw`\x80\x9b31m\x9d`],
    ['\u202a\u202e\u2066\u2069\u200e\u200f\u061c', String.raw`\u202a\u202e\u2066\u2069\u200e\u200f\u061c`],
    ['\u200b\u2060\ufeff\u00ad\u2028\u2029', String.raw`\u200b\u2060\ufeff\xad\u2028\u2029`],
    ['\ud800x\udfff', String.raw`\ud800x\udfff`],
    ['\u{e0041}', String.raw`\u{e0041}`],
  ])('%j', (text, expected) => {
    expect(visibleText(text)).toBe(expected);
    expect(visibleText(expected)).toBe(expected);
  });

  it('leaves what people write with', () => {
    for (const text of ['T-shirt/top', 'Straße 9 °C', 'سلام‌دنیا', '漢字', '👩‍👩‍👧', '🇩🇪', 'C:\\data', 'é'])
      expect(visibleText(text)).toBe(text);
  });

  it('JSON stays the same value', () => {
    const value = { [hostile]: [hostile, '\x7f\x9b\u2028\u{e0041}\ud800', 7] };
    const text = visibleJson(value);
    expect(text).toMatch(/^[ -~]+$/);
    expect(JSON.parse(text)).toEqual(value);
  });
});

describe('output', () => {
  it('writes one line for each', () => {
    listen('stdout');
    openOutput({}).say('', `Data: ${hostile}.`, 'next');
    expect(written).toBe(`\nData: ${shown}.\nnext\n`);
    listen('stderr');
    sayError(`cannot read ${hostile}.`);
    expect(written).toBe(`cannot read ${shown}.\n`);
  });

  it('writes JSON as one line of visible characters', () => {
    listen('stdout');
    openOutput({ json: true }).result({ name: hostile });
    expect(written).toMatch(/^[ -~]+\n$/);
    expect(JSON.parse(written)).toEqual({ name: hostile });
  });

  it('is bold, and nothing else that a name asks for', () => {
    vi.stubEnv('FORCE_COLOR', '1');
    listen('stdout');
    const output = openOutput({});
    output.say(`${bold(output, `class ${hostile}`)} found`);
    expect(written).toBe(`\x1b[1mclass ${shown}\x1b[22m found\n`);
    written = '';
    output.say('a name with half of it: \ufdd0', 'next');
    expect(written).toBe('a name with half of it: \x1b[1m\x1b[22m\nnext\n');
    vi.stubEnv('FORCE_COLOR', '0');
    vi.stubEnv('NO_COLOR', '1');
    written = '';
    const plain = openOutput({});
    plain.say(bold(plain, 'x\ufdd0'));
    expect(written).toBe('x\n');
  });

  it('cuts a line without end', () => {
    listen('stdout');
    openOutput({}).say('x'.repeat(1e6));
    expect(written).toBe(`${'x'.repeat(10_000)}… (990000 more characters)\n`);
  });

  it('keeps columns under each other', () => {
    expect(
      table(
        ['class', 'images'],
        [
          [hostile, 5],
          [columnName('y'.repeat(255)), 12],
        ],
      ),
    ).toEqual([`${'class'.padEnd(60)}  images`, `${shown.padEnd(60)}       5`, `${'y'.repeat(59)}…      12`]);
  });
});

describe('a word for a shell', () => {
  it.each(['runs/x', 'my runs', "it's", '$(rm)'])('%s', (text) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
  });

  it('with control characters is one for bash', () => {
    const text = `it's \\ ${hostile}`;
    expect(shellWord(text)).toMatch(/^\$'[ -~]+'$/);
    expect(
      execFileSync('bash', ['-c', `LC_ALL=C.UTF-8; printf %s ${shellWord(text)}`], { encoding: 'utf8' }),
    ).toBe(text);
  });
});
