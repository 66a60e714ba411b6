// Plan: comments, messages and documents use the words of the field.
//   phrases that read as translated, each with a better form, occur nowhere, tests included
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
  [/\b(told|tells? (them|it|one|these)) apart\b/i, 'distinguished, classified'],
  [/\bset apart\b/i, 'held out, separated'],
  [/\bafresh\b/i, 'again'],
  [/\bworked out\b/i, 'computed, resolved'],
  [/\b(of|at) one moment\b/i, 'a consistent snapshot'],
  [/\bwhat to call\b/i, 'names … in messages'],
  [/\blies? (beside|behind|around)\b/i, 'is next to, is after'],
  [/\bstands? (behind|beside)\b/i, 'follows, is next to'],
  [/\bheld against\b/i, 'validated against, compared with'],
  [/\btaken for\b/i, 'classified as'],
  [/\bin turns\b/i, 'interleaved'],
  [/\bis given no\b/i, 'has no, gets no'],
  [/\bwhat \w+(\(\))? (gave|gives)\b/i, 'a result of, the return value of'],
  [/\bfirst values\b/i, 'initial values'],
  [/\bneighbours touch\b/i, 'adjacent invocations access adjacent elements'],
  [/\bin the midst\b/i, 'during, in the middle of'],
  [/\b(goes?|went|going) by (it|them|what|these|those|this|that|the)\b/i, 'uses, follows'],
  [/\bgone on\b/i, 'resumed'],
  [/\bgiven away\b/i, 'downloaded, written'],
  [/\bundone to\b/i, 'undo restores'],
  [/\b(come|comes|came) about\b/i, 'happens; or drop it'],
  [/\bwhat (came|comes) of\b/i, 'the outcome of, the result of'],
  [/\bspoken of\b/i, 'explained'],
  [/\bstood in for\b/i, 'replaced'],
  [/\btakes? the place of\b/i, 'replaces'],
  [/\bone behind (the other|another)\b/i, 'one after the other, concatenated'],
  [/\bfalling loss\b/i, 'descending loss'],
  [/\b(ran|runs?) away\b/i, 'diverges'],
  [/\b(for|to) (the|who reads by) (eye|ear)s?\b/i, 'visible, announced'],
  [/\bat (a )?rest\b/i, 'between steps, at a sync point, while `fit` does not run'],
];

const texts = /\.(ts|mjs|md|py|sh|html|css|wgsl)$/;

/** This list, and a shader whose comments count in the hashes of measured kernel choices. */
const excluded = ['test/unit/prose.test.ts', 'shaders/floats/non_finite.wgsl'];

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
    ...['src', 'web', 'shaders', 'docs', 'scripts', 'bench', 'test'].flatMap((folder) => [
      ...filesBelow(folder),
    ]),
  ].filter((file) => !excluded.includes(file));
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
