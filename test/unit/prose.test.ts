// Plan: comments, messages and documents use the words of the field.
//   phrases that read as translated, each with a better form, occur nowhere outside of tests
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Phrase → what to write. */
const phrases: readonly (readonly [phrase: RegExp, better: string])[] = [
  [/\banew\b/i, 'again'],
  [/\bamid\b/i, 'during'],
  [/\bwhoever\b/i, 'the caller, the user, the process: name the actor'],
  [/\b(some|no)body\b/i, 'name the actor'],
  [/\blies? there\b/i, 'is stored, is paused, exists'],
  [/\b(gone|goes|going|go) on with\b/i, 'resume, continue'],
  [/\btaken up\b/i, 'restored, resumed'],
  [/\bto be had\b/i, 'available'],
  [/\bsaid to be\b/i, 'is'],
  [/\b(is|are) told\b/i, 'receives, shows, reports'],
  [/\bhears? of\b/i, 'receives, is called with'],
  [/\bothers than\b/i, 'differ from'],
  [/\b(is|are) no (number|object|setting)s?\b/i, 'is NaN, is not an object, is not a setting'],
  [/\b(of )?one's own\b/i, 'custom'],
  [/\bin place of\b/i, 'instead of'],
  [/\bwhere there (is|are) none\b/i, 'if there is none, otherwise'],
  [/\bwhole numbers?\b/i, 'integer'],
  [/\bunder way\b/i, 'running, in flight'],
  [/\bone behind the other\b/i, 'concatenated, in sequence'],
  [/\b(told|tells? (them|it|one|these)) apart\b/i, 'distinguished, classified'],
  [/\bset apart\b/i, 'held out, separated'],
  [/\bafresh\b/i, 'again'],
  [/\bgo(es)? by (this|that|the|what|it)\b/i, 'uses, follows'],
  [/\bworked out\b/i, 'computed, resolved'],
  [/\b(of|at) one moment\b/i, 'a consistent snapshot'],
  [/\bwhat to call\b/i, 'names … in messages'],
  [/\blies? (beside|behind|around)\b/i, 'is next to, is after'],
  [/\bstands? (behind|beside)\b/i, 'follows, is next to'],
  [/\bheld against\b/i, 'validated against, compared with'],
  [/\btaken for\b/i, 'classified as'],
  [/\brun away\b/i, 'diverged'],
  [/\bin turns\b/i, 'interleaved'],
  [/\bis given no\b/i, 'has no, gets no'],
  [/\bwhat \w+(\(\))? (gave|gives)\b/i, 'a result of, the return value of'],
  [/\bfirst values\b/i, 'initial values'],
  [/\bneighbours touch\b/i, 'adjacent invocations access adjacent elements'],
];

const texts = /\.(ts|mjs|md|py|sh|html|css)$/;

function* filesBelow(folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.name === 'node_modules') continue;
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (texts.test(path)) yield path;
  }
}

test('phrases with a plainer form occur nowhere', () => {
  const files = [
    'README.md',
    ...['src', 'web', 'docs', 'scripts', 'bench'].flatMap((folder) => [...filesBelow(folder)]),
  ];
  expect(files.length).toBeGreaterThan(400);
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) =>
        phrases
          .filter(([phrase]) => phrase.test(line))
          .map(([phrase, better]) => `${file}:${i + 1}: ${phrase.exec(line)?.[0]}; better: ${better}`),
      ),
  );
  expect(found).toEqual([]);
});
