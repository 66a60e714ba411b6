/** On a CPU, proposes fewer images and epochs in a sentence with a button to decline. */
import { grouped } from '../../src/report/charts/numbers.js';
import type { App } from '../app.js';
import { element } from '../elements.js';
import { proposalFor } from '../settings.js';
import { queryOf } from '../settings_query.js';

/**
 * Only for visitors who have not changed a setting, here or in the URL, and have no saved training. The sentence disappears
 * when either number is changed.
 */
export function trainingProposal({ state, settings }: App): HTMLElement {
  const words = element('span');
  const decline = element('button', { type: 'button', class: 'button quiet small' }, 'Use all images');
  const root = element('p', { class: 'quiet training-proposal', hidden: true }, words, ' ', decline);
  decline.addEventListener('click', () => {
    const { limit, epochs } = proposalFor('gpu', settings.value.model);
    settings.set({ ...settings.value, limit, epochs });
  });
  let isProposed = false;
  const show = (): void => {
    const { limit, epochs } = proposalFor('software', settings.value.model);
    words.textContent = `Without a GPU: ${grouped(limit ?? 0)} images and ${epochs} epochs, to train for a minute or two instead of an hour.`;
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
