/**
 * What the page can undo (web/worker/undo.ts), with a text in the place of a model:
 *   undo, redo   in both directions, each with the name of its action; a new entry discards those that could be redone
 *   scopes       know nothing of each other
 *   room         only the last few are kept, and no file of those before
 *   reload       what lies on the disk is there again; a damaged index is none; where the disk is full, memory does
 *   failure      of the exchange: nothing has changed; an entry that cannot be read or is damaged is removed
 */
import { expect, test } from 'vitest';
import { DataError, FileError, ModelError } from '../../src/errors.js';
import type { Folder } from '../../src/folder.js';
import { memoryFolder } from '../../src/memory_folder.js';
import type { UndoName, UndoOffers, UndoScope } from '../../web/protocol.js';
import { UndoHistory } from '../../web/worker/undo.js';

/** A page whose model is a text. */
class Page {
  text = 'first';
  offers: UndoOffers | undefined;
  readonly undo = new UndoHistory((offers) => void (this.offers = offers));

  constructor(scope: UndoScope = 'model') {
    this.undo.own(scope, async (bytes) => {
      if (this.text === 'broken') throw new Error('the device is lost');
      if (this.text === 'damaged') throw new ModelError('it has no weights.');
      const before = this.text;
      this.text = new TextDecoder().decode(bytes);
      return new TextEncoder().encode(before);
    });
  }

  static async on(folder: Folder): Promise<Page> {
    const page = new Page();
    await page.undo.open(folder);
    return page;
  }

  async change(what: UndoName, to: string): Promise<void> {
    await this.undo.keep('model', what, new TextEncoder().encode(this.text));
    this.text = to;
  }
}

test('undo and redo, each with the name of its action', async () => {
  const page = new Page();
  await page.change('train', 'second');
  await page.change('reset', 'third');
  expect(page.offers!.model).toEqual({ undo: 'reset', redo: null });
  await page.undo.undo('model');
  expect([page.text, page.offers!.model]).toEqual(['second', { undo: 'train', redo: 'reset' }]);
  await page.undo.undo('model');
  expect([page.text, page.offers!.model]).toEqual(['first', { undo: null, redo: 'train' }]);
  await page.undo.undo('model');
  expect(page.text).toBe('first');
  await page.undo.redo('model');
  await page.undo.redo('model');
  expect([page.text, page.offers!.model]).toEqual(['third', { undo: 'reset', redo: null }]);
  // Two concurrent calls run one after the other.
  await Promise.all([page.undo.undo('model'), page.undo.undo('model')]);
  expect(page.text).toBe('first');
  await page.change('open', 'fourth');
  expect(page.offers!.model).toEqual({ undo: 'open', redo: null });
});

test('scopes are independent', async () => {
  const page = new Page('tuning');
  await page.undo.keep('model', 'reset', new Uint8Array(1));
  expect(page.offers!.tuning).toEqual({ undo: null, redo: null });
  await page.undo.undo('tuning');
  expect(page.text).toBe('first');
});

test('the entry of a failed action is dropped', async () => {
  const page = new Page();
  await page.change('train', 'second');
  await page.undo.drop('model');
  expect(page.offers!.model).toEqual({ undo: null, redo: null });
});

test('an entry of an earlier version that is called a lesson is a correction', async () => {
  const folder = memoryFolder();
  const page = await Page.on(folder);
  await page.change('correction', 'second');
  const index = new TextDecoder().decode(folder.files.get('undo.json'));
  folder.files.set('undo.json', new TextEncoder().encode(index.replace('"correction"', '"lesson"')));
  expect((await Page.on(folder)).offers!.model).toEqual({ undo: 'correction', redo: null });
});

test('only the last five are kept, over a reload too', async () => {
  const folder = memoryFolder();
  const page = await Page.on(folder);
  for (let i = 0; i < 8; i++) await page.change('correction', `correction ${i}`);
  expect((await folder.list()).length).toBe(1 + 5);
  const again = await Page.on(folder);
  again.text = page.text;
  expect(again.offers!.model.undo).toBe('correction');
  for (let i = 0; i < 9; i++) await again.undo.undo('model');
  expect(again.text).toBe('correction 2');
  expect((await Page.on(folder)).offers!.model).toEqual({ undo: null, redo: 'correction' });
});

test.each(['{"number"', '{"number":1,"model":null}', '{"number":1,"model":{"past":[{}],"future":[]}}'])(
  'a damaged index is none: %s',
  async (index) => {
    const folder = memoryFolder();
    await folder.write('undo.json', index);
    const page = await Page.on(folder);
    expect(page.offers!.model).toEqual({ undo: null, redo: null });
    await page.change('reset', 'second');
    await page.undo.undo('model');
    expect(page.text).toBe('first');
  },
);

test('on a full disk, entries last until the page is closed', async () => {
  const full = { ...memoryFolder(), write: async () => Promise.reject(new FileError('no room')) };
  const page = await Page.on(full);
  await page.change('reset', 'second');
  await page.undo.undo('model');
  expect(page.text).toBe('first');
});

test('a failure changes nothing; an entry that is missing or damaged is removed', async () => {
  const folder = memoryFolder();
  const page = await Page.on(folder);
  await page.change('train', 'second');
  await page.change('reset', 'broken');
  await expect(page.undo.undo('model')).rejects.toThrow('the device is lost');
  expect([page.text, page.offers!.model]).toEqual(['broken', { undo: 'reset', redo: null }]);
  page.text = 'third';
  await page.change('open', 'damaged');
  await expect(page.undo.undo('model')).rejects.toThrow(
    new DataError('The undo entry was removed, because it could not be restored: it has no weights.'),
  );
  expect([page.text, page.offers!.model]).toEqual(['damaged', { undo: 'reset', redo: null }]);
  expect(folder.files.has('undo-3')).toBe(false);
  page.text = 'third';
  folder.files.delete('undo-2');
  await expect(page.undo.undo('model')).rejects.toThrow('there is no such file');
  expect(page.offers!.model).toEqual({ undo: 'train', redo: null });
  await page.undo.undo('model');
  expect(page.text).toBe('first');
});

test('what an owner could not restore cannot be redone', async () => {
  const page = new Page();
  page.undo.own('images', async () => undefined);
  await page.undo.keep('images', 'images', new Uint8Array(1));
  await page.undo.undo('images');
  expect(page.offers!.images).toEqual({ undo: null, redo: null });
});
