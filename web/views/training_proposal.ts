/** Where the processor does all the work: fewer images and epochs are proposed, in one sentence, and easily declined. */
import { grouped } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import { defaultSettings, softwareProposal } from '../settings.js';
import { queryOf } from '../settings_query.js';
import { controlsOf } from './training_words.js';

/**
 * Proposes only to a visitor who has neither chosen anything, here or in the address, nor a training from before.
 * The sentence goes as soon as either number is changed.
 */
export function trainingProposal({ heard, settings }: App): HTMLElement {
  const { limit, epochs } = { ...defaultSettings, ...softwareProposal };
  const decline = element('button', { type: 'button', class: 'button quiet small' }, 'Take all images');
  const root = element(
    'p',
    { class: 'quiet training-proposal', hidden: true },
    `Without a graphics processor: ${grouped(limit ?? 0)} images and ${epochs} epochs, for a minute rather than an hour. `,
    decline,
  );
  decline.addEventListener('click', () => {
    const { limit, epochs } = defaultSettings;
    settings.set({ ...settings.value, limit, epochs });
  });
  let isProposed = false;
  const show = (): void => {
    root.hidden = !isProposed || controlsOf(heard.status.value, true).isUnderWay;
  };
  heard.device.watch((device) => {
    const isUntouched = queryOf(settings.value) === '' && (heard.status.value?.settings ?? null) === null;
    if (device?.info?.family !== 'software' || !isUntouched) return;
    settings.set({ ...settings.value, ...softwareProposal });
    isProposed = true;
    show();
  });
  settings.listen((now) => {
    isProposed &&= now.limit === limit && now.epochs === epochs;
    show();
  });
  heard.status.listen(show);
  return root;
}
