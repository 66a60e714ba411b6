/**
 * Plan: explore a data set of our own, two classes of small colour pictures: what it prints, the files, and that the
 * pictures are what their names say: blurred ones are smoother, sharpened ones rougher, augmented ones differ from
 * the originals; the same seed gives the same page. A wrong path is one clear line, and nothing is written.
 */
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { explore } from '../../src/cli/explore.js';
import { decodePng } from '../../src/data/png.js';
import { FileError } from '../../src/errors.js';
import { encodePng } from '../../src/node/png.js';

const work = mkdtempSync(path.join(tmpdir(), 'shadegrad-explore-'));
const at = (...names: string[]): string => path.join(work, ...names);
afterAll(() => rmSync(work, { recursive: true, force: true }));

let said = '';
beforeEach(() => {
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  return () => vi.restoreAllMocks();
});

beforeAll(() => {
  for (const [part, count] of [
    ['train', 4],
    ['test', 2],
  ] as const) {
    for (const name of ['left', 'right']) {
      mkdirSync(at('set', part, name), { recursive: true });
      for (let i = 0; i < count; i++) {
        // Stripes, bright on one side only, in three colours.
        const data = Uint8Array.from({ length: 10 * 12 * 3 }, (_, k) => {
          const x = Math.floor(k / 3) % 12;
          const isBright = name === 'left' ? x < 6 : x >= 6;
          return isBright && x % 2 === 0 ? 60 + 40 * (k % 3) + i : 30;
        });
        writeFileSync(
          at('set', part, name, `${i}.png`),
          encodePng({ data, height: 10, width: 12, channels: 3 }),
        );
      }
    }
  }
});

/** The pictures inside an SVG, in their order. */
async function picturesIn(file: string): Promise<Uint8Array[]> {
  const found = readFileSync(at('out', file), 'utf8').matchAll(/href="data:image\/png;base64,([^"]+)"/g);
  return Promise.all(
    [...found].map(async ([, base64]) =>
      Uint8Array.from((await decodePng(Buffer.from(base64!, 'base64'), file)).data),
    ),
  );
}

/** How far values lie off the middle of their neighbours on the left and right, 4 bytes to a pixel. */
function roughness(pixels: Uint8Array): number {
  return pixels.reduce((sum, value, i) => {
    const [before = value, after = value] = [pixels[i - 4], pixels[i + 4]];
    return sum + Math.abs(2 * value - before - after) / pixels.length;
  }, 0);
}

describe('explore', () => {
  it('prints shape and counts, and writes the pictures', async () => {
    expect(await explore({ dataset: at('set'), out: at('out'), seed: 1 })).toBe(0);
    expect(said).toContain('train [8, 10, 12, 3], test [4, 10, 12, 3]');
    expect(said).toMatch(/class +train +test\nleft +4 +2\nright +4 +2\ntotal +8 +4\n/);
    const pictures = ['augmented', 'blurred', 'classes', 'samples', 'sharpened'];
    expect(readdirSync(at('out')).sort()).toEqual(
      [...pictures.flatMap((name) => [`${name}.png`, `${name}.svg`]), 'explore.html'].sort(),
    );
    for (const name of pictures)
      expect((await decodePng(readFileSync(at('out', `${name}.png`)), name)).width).toBeGreaterThan(300);
  });

  it('blurs and sharpens', async () => {
    const means = async (file: string): Promise<number[]> => {
      const all = (await picturesIn(file)).map(roughness);
      const row = all.length / 3;
      return [0, 1, 2].map(
        (i) => all.slice(i * row, (i + 1) * row).reduce((sum, value) => sum + value, 0) / row,
      );
    };
    const [original, once, fiveTimes] = await means('blurred.svg');
    expect(once!).toBeLessThan(original! * 0.7);
    expect(fiveTimes!).toBeLessThan(once!);
    const [before, sharpened] = await means('sharpened.svg');
    expect(before).toBe(original);
    expect(sharpened!).toBeGreaterThan(original! * 1.3);
  });

  it('augments', async () => {
    const all = await picturesIn('augmented.svg');
    // Six images, each with four variants of two presets.
    expect(all).toHaveLength(6 * 9);
    const same = all.filter((one, i) => i % 9 !== 0 && Buffer.from(one).equals(all[i - (i % 9)]!));
    expect(same).toHaveLength(0);
  });

  it('depends on the seed', async () => {
    const page = readFileSync(at('out', 'explore.html'), 'utf8');
    await explore({ dataset: at('set'), out: at('again'), seed: 1, json: true });
    const result = JSON.parse(said) as { shape: number[]; counts: object };
    expect(result).toMatchObject({ shape: [10, 12, 3], counts: { train: [4, 4], test: [2, 2] } });
    expect(readFileSync(at('again', 'explore.html'), 'utf8') === page).toBe(true);
    await explore({ dataset: at('set'), out: at('other'), seed: 2 });
    expect(readFileSync(at('other', 'explore.html'), 'utf8') === page).toBe(false);
  });

  it('what is not there', async () => {
    await expect(explore({ dataset: at('none'), out: at('nothing'), seed: 1 })).rejects.toThrow(FileError);
    expect(readdirSync(work)).not.toContain('nothing');
  });
});
