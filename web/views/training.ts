/** Settings, train, pause, step, stop, resume; curves and figures of the training under way. */
import type { App } from '../app.js';
import type { View } from '../view.js';
import { defaultSettings, proposalFor } from '../settings.js';
import { queryOf } from '../settings_query.js';
import './training.css';
import { trainingControls } from './training_controls.js';
import { trainingCurves } from './training_curves.js';
import { trainingFigures } from './training_figures.js';
import { trainingForm } from './training_form.js';
import { trainingMachine } from './training_machine.js';
import { trainingModel } from './training_model.js';
import { trainingProposal } from './training_proposal.js';

export const trainingView: View = (root, app) => {
  takeUpSettings(app);
  const form = trainingForm(app);
  root.append(
    form.root,
    trainingProposal(app),
    trainingControls(app, form),
    trainingFigures(app),
    trainingCurves(app),
    trainingMachine(app),
    trainingModel(app),
  );
};

/**
 * A training of an earlier visit that is under way brings its settings along, unless the address names others: so the
 * next training begins as the last one did.
 */
function takeUpSettings({ state, settings }: App): void {
  const stop = state.status.listen((status) => {
    if (!status) return;
    stop();
    if (!status.isUnderWay || !status.settings) return;
    const proposed = { ...defaultSettings, ...proposalFor('software', defaultSettings.model) };
    if (['', queryOf(proposed)].includes(queryOf(settings.value))) settings.set(status.settings);
  });
}
