/** The section Train: settings, controls, figures and curves of the training, device, and model. */
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
  restoreSettings(app);
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
 * Restores the settings of a training from an earlier visit that has not ended, unless the URL contains other settings: the
 * next training then starts with the same settings.
 */
function restoreSettings({ state, settings }: App): void {
  const stop = state.status.listen((status) => {
    if (!status) return;
    stop();
    if (!status.isUnderWay || !status.settings) return;
    const proposed = { ...defaultSettings, ...proposalFor('software', defaultSettings.model) };
    if (['', queryOf(proposed)].includes(queryOf(settings.value))) settings.set(status.settings);
  });
}
