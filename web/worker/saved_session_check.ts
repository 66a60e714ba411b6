/** Checks what a file says of a session (saved_session.ts): it may be damaged, or of another version of the page. */
import { choiceForm } from '../../src/engine/kernel_selection.js';
import { ModelError } from '../../src/errors.js';
import {
  type Form,
  type Leaf,
  checkForm,
  count,
  countOrZero,
  each,
  nullable,
  number,
  numberOrNull,
  object,
  oneOf,
  optional,
  saidOf,
  text,
} from '../../src/json_reader.js';
import { kernelForm } from '../../src/nn/training/kernel_change.js';
import { rule } from '../../src/options.js';
import { readRecipe } from '../../src/recipe/recipe_json.js';
import type { Settings } from '../protocol.js';
import type { SavedCurve } from './curve.js';
import type { SavedSession, SavedTraining } from './saved_session.js';

/** `[step, loss, accuracy]` */
const pointRule: Leaf<SavedCurve['points'][number]> = rule(
  'a step, a loss or null, and an accuracy',
  (value) =>
    Array.isArray(value) &&
    value.length === 3 &&
    value.every((part, i) => Number.isFinite(part) || (i === 1 && part === null)),
);

/** A training whose settings have not been checked. */
type UncheckedTraining = Omit<SavedTraining, 'settings'> & { readonly settings: object };

const trainingForm: Form<UncheckedTraining> = {
  settings: object,
  phase: oneOf(['training', 'paused', 'finished', 'stopped']),
  stepsPerEpoch: countOrZero,
  batchSize: countOrZero,
  dataDigest: nullable(countOrZero),
  curve: { stride: count, points: [pointRule] },
  epochs: [{ epoch: count, step: countOrZero, logs: each(numberOrNull) }],
  trouble: optional(nullable(text)),
  choices: optional(each(choiceForm)),
  kernels: optional([kernelForm]),
};

const datasetForm: Form<Pick<Settings, 'dataset'>> = { dataset: oneOf(['digits', 'fashion', 'custom']) };

const sessionForm: Form<Omit<SavedSession, 'training'> & { readonly training: UncheckedTraining | null }> = {
  savedAt: number,
  origin: oneOf(['shipped', 'trained', 'opened']),
  classNames: [text],
  training: nullable(trainingForm),
};

/** Returns the session. Throws: ModelError if it is damaged, or partly of another version. */
export function checkSession(session: SavedSession): SavedSession {
  const refuse = (what: string): ModelError =>
    new ModelError(`it is damaged, or from another version of this page: ${what}.`);
  checkForm(session, sessionForm, refuse);
  const { training } = session;
  if (training === null) return session;
  const refuseSettings = (what: string): ModelError => refuse(saidOf('training.settings', what));
  readRecipe(training.settings, refuseSettings);
  checkForm(training.settings, datasetForm, refuseSettings);
  return session;
}
