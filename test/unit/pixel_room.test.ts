/**
 * How many pictures of a folder are decoded at the same time: small ones as many as files are open, large ones as many as
 * there is room for, one that is too large alone; after one that is damaged the others have their turn.
 */
import { expect, it } from 'vitest';
import type { FileTree } from '../../src/data/file_tree.js';
import { PixelRoom } from '../../src/data/pixel_room.js';
import { readPictures } from '../../src/data/read_pictures.js';

/** The most pictures that were decoded at the same time, of 40 of this size. */
async function mostAtOnce(side: number): Promise<number> {
  let [now, most] = [0, 0];
  const tree: Partial<FileTree> = {
    read: async () => new Uint8Array(1),
    pictures: {
      sizeOf: async () => ({ width: side, height: side }),
      decode: async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now--;
        return { data: Uint8ClampedArray.of(1, 1, 1, 255), width: 1, height: 1, channels: 4 };
      },
    },
  };
  const files = Array.from({ length: 40 }, (_, i) => `${i}.png`);
  const size = { width: 1, height: 1 };
  expect((await readPictures(tree as FileTree, 'mine', files, { size })).count).toBe(40);
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
