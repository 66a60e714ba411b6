/** Why data sets cannot be used: a warning for the chosen one, smaller text for the others, which cannot be chosen. */
import type { App } from '../app.js';
import { imageProblem } from '../commands/training.js';
import { element, withCommands } from '../elements.js';

export const problemId = 'training-images-problem';

export function imageProblems(app: App): HTMLElement {
  const { state, settings } = app;
  const chosen = element('p', { id: problemId, role: 'status' });
  const note = element('div', { class: 'note', 'data-level': 'warning' }, chosen);
  const others = element('p', { class: 'quiet recipe' });
  const show = (): void => {
    const problem = imageProblem(app);
    chosen.replaceChildren(...withCommands(problem ?? ''));
    note.hidden = problem === null;
    const { dataset } = settings.value;
    // The section Data explains how to add custom images.
    const absent = (['digits', 'fashion'] as const).filter((name) => name !== dataset);
    const problems = absent.flatMap((name) => state.sets.value?.[name] ?? []);
    others.replaceChildren(...withCommands(problems.join(' ')));
    others.hidden = problems.length === 0;
  };
  settings.watch(show);
  state.sets.listen(show);
  return element('div', { class: 'stack image-problems' }, note, others);
}
