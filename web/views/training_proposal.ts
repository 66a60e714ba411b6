/** Where the processor does all the work: fewer images and epochs are proposed, in one sentence, and easily declined. */
import { grouped } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import { proposalFor } from '../settings.js';
import { queryOf } from '../settings_query.js';

/**
 * Proposes only to a visitor who has neither chosen anything, here or in the address, nor a training from before.
 * The sentence goes as soon as either number is changed.
 */
export function trainingProposal({ state, settings }: App): HTMLElement {
  const words = element('span');
  const decline = element('button', { type: 'button', class: 'button quiet small' }, 'Take all images');
  const root = element('p', { class: 'quiet training-proposal', hidden: true }, words, ' ', decline);
  decline.addEventListener('click', () => {
    const { limit, epochs } = proposalFor('gpu', settings.value.model);
    settings.set({ ...settings.value, limit, epochs });
  });
  let isProposed = false;
  const show = (): void => {
    const { limit, epochs } = proposalFor('software', settings.value.model);
    words.textContent = `Without a GPU: ${grouped(limit ?? 0)} images and ${epochs} epochs, for a minute or two rather than an hour.`;
    root.hidden = !isProposed || state.status.value?.isUnderWay === true;
  };
  state.device.watch((device) => {
    const isUntouched = queryOf(settings.value) === '' && (state.status.value?.settings ?? null) === null;
    if (device?.info?.family !== 'software' || !isUntouched) return;
    settings.set({ ...settings.value, ...proposalFor('software', settings.value.model) });
    isProposed = true;
    show();
  });
  settings.listen((now) => {
    const { limit, epochs } = proposalFor('software', now.model);
    isProposed &&= now.limit === limit && now.epochs === epochs;
    show();
  });
  state.status.listen(show);
  return root;
}
