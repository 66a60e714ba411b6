/** Why images cannot be trained on: those that are chosen, and, more quietly, those that can therefore not be chosen. */
import type { App } from '../app.js';
import { element } from '../elements.js';

export const problemId = 'training-images-problem';

/** Why the images of the settings cannot be used; null where they can be, as far as is known. */
export function problemOf({ heard, settings }: App): string | null {
  return heard.sets.value?.[settings.value.dataset] ?? null;
}

export function imageProblems(app: App): HTMLElement {
  const { heard, settings } = app;
  const chosen = element('p', { id: problemId, class: 'note', 'data-level': 'warning', role: 'status' });
  const others = element('p', { class: 'quiet recipe' });
  const show = (): void => {
    const problem = problemOf(app);
    chosen.textContent = problem ?? '';
    chosen.hidden = problem === null;
    const { dataset } = settings.value;
    // That nobody has dropped files yet is said where they can be dropped.
    const absent = (['digits', 'fashion'] as const).filter((name) => name !== dataset);
    others.textContent = absent.flatMap((name) => heard.sets.value?.[name] ?? []).join(' ');
    others.hidden = others.textContent === '';
  };
  settings.watch(show);
  heard.sets.listen(show);
  return element('div', { class: 'stack' }, chosen, others);
}
