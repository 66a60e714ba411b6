/** Why images cannot be trained on: those that are chosen, and, more quietly, those that can therefore not be chosen. */
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
    // Data says itself that there are no images of the user's own yet.
    const absent = (['digits', 'fashion'] as const).filter((name) => name !== dataset);
    const problems = absent.flatMap((name) => state.sets.value?.[name] ?? []);
    others.replaceChildren(...withCommands(problems.join(' ')));
    others.hidden = problems.length === 0;
  };
  settings.watch(show);
  state.sets.listen(show);
  return element('div', { class: 'stack image-problems' }, note, others);
}
