/**
 * How many pictures of a folder are decoded at the same time: small ones as many as files are open, large ones as many as
 * there is room for, one that is too large alone; after one that is damaged the others have their turn.
 */
import { expect, it } from 'vitest';
import type { FileTree } from '../../src/data/file_tree.js';
import { readPictures } from '../../src/data/picture_folders.js';
import { PixelRoom } from '../../src/data/pixel_room.js';
import { pngPixels } from '../../src/data/png.js';

/** The first bytes of a square PNG. */
function startOfPng(side: number): Uint8Array {
  const bytes = new Uint8Array(33);
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  new DataView(bytes.buffer).setUint32(16, side);
  new DataView(bytes.buffer).setUint32(20, side);
  return bytes;
}

/** The most pictures that were decoded at the same time, of 40 of this size. */
async function mostAtOnce(side: number): Promise<number> {
  let [now, most] = [0, 0];
  const tree: Partial<FileTree> = {
    list: async (folder) =>
      folder === 'mine'
        ? { files: [], folders: ['a', 'b'] }
        : { files: Array.from({ length: 20 }, (_, i) => `${i}.png`), folders: [] },
    join: (folder, name) => `${folder}/${name}`,
    read: async () => startOfPng(side),
    decodePng: async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 1));
      now--;
      return { data: Uint8ClampedArray.of(1, 1, 1, 255), width: 1, height: 1, channels: 4 };
    },
  };
  expect((await readPictures(tree as FileTree, 'mine')).count).toBe(40);
  return most;
}

it('decodes no more than 64 million pixels at once, or one picture', async () => {
  expect(await mostAtOnce(28)).toBe(16);
  expect(await mostAtOnce(4000)).toBe(4);
  expect(await mostAtOnce(4001)).toBe(3);
  expect(await mostAtOnce(9000)).toBe(1);
});

it('continues after a failure, in the order of requests', async () => {
  const room = new PixelRoom(10);
  const order: number[] = [];
  const works = [8, 20, 3, 3].map(async (pixels, i) =>
    room.take(pixels, async () => {
      order.push(i);
      await Promise.resolve();
      if (i === 0) throw new Error('damaged');
    }),
  );
  expect((await Promise.allSettled(works)).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
  expect(order).toEqual([0, 1, 2, 3]);
});

it('knows the pixels from the first bytes', () => {
  expect([startOfPng(300), startOfPng(300).subarray(0, 23), new Uint8Array(40)].map(pngPixels)).toEqual([
    90_000, 0, 0,
  ]);
});
