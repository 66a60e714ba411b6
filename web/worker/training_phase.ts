/**
 * What the page's training is doing, as one value that one pure function changes:
 *
 *   transition(phase, event) → phase, effects
 *
 * PhaseMachine (phase_machine.ts) holds the value, dispatches the events and performs the effects in order. Changes such as
 * a new training or a restored model are made one at a time: the trainer (trainer.ts) dispatches `end`, waits until `fit`
 * has returned, and then dispatches the change. Pause, resume and step act on a running training.
 */
import { StateError } from '../../src/errors.js';
import type { Phase as ShownPhase } from '../protocol.js';
import type { NewTraining } from './training_record.js';
import type { SavedPhase } from './saved_session.js';

/**
 * `fit` does not run:
 *   idle       there is no training
 *   waiting    the training ran when it was saved, and resumes when the page has started
 *   suspended  the training can be resumed from its checkpoint
 *   finished   all epochs are done, or the preset's stopping rule ended the training
 *   stopped    the user ended the training early, or its loss was NaN
 *   lost       the device was lost; `saved` is the phase of the training in the last checkpoint
 */
export type InactivePhase =
  | { readonly name: 'idle' | 'waiting' | 'suspended' | 'finished' | 'stopped' }
  | { readonly name: 'lost'; readonly saved: SavedPhase | null };

/** What to restore if a training cannot start: the phase `from`; for a new one, also the previous record and undo entry. */
interface Start {
  readonly from: InactivePhase;
  readonly isNew: boolean;
  readonly isUndoable: boolean;
}

/** Whether `fit` runs freely, or holds after the allowed steps. */
export type Goal = 'run' | 'hold';

type Loading = 'loading' | 'compiling';
type Stage = 'training' | 'validating';

/**
 * `fit` runs:
 *   starting  until the first step can begin
 *   running   steps or validation run
 *   held      no step is in flight, and everything is saved
 *   ending    `fit` is about to return
 */
export type ActivePhase =
  | { readonly name: 'starting'; readonly stage: Loading; readonly goal: Goal; readonly start: Start }
  | { readonly name: 'running'; readonly stage: Stage; readonly goal: Goal }
  | { readonly name: 'held'; readonly stage: Stage }
  | {
      readonly name: 'ending';
      readonly shown: ShownPhase;
      readonly isLost: boolean;
      /** Undefined once the first step could begin. */
      readonly start: Start | undefined;
    };

export type TrainingPhase = InactivePhase | ActivePhase | { readonly name: 'closed' };

/** How `fit` returned: after its last epoch or by early stopping, with a loss that is not finite, or aborted. */
export type Outcome = 'finished' | 'diverged' | 'interrupted';

export type TrainingEvent =
  // Requests.
  | {
      readonly type: 'begin';
      readonly training: NewTraining;
      readonly goal: Goal;
      /** Whether the undo history has an entry for the state that the training replaces. */
      readonly isUndoable: boolean;
    }
  | { readonly type: 'continue'; readonly goal: Goal }
  | { readonly type: 'pause' | 'resume' | 'step' | 'end' | 'stop' | 'close' }
  // Progress of `fit`.
  | { readonly type: 'compiling' | 'began' | 'training' | 'validating' | 'held' }
  | { readonly type: 'ended'; readonly outcome: Outcome }
  /** `isLost`: the device was lost. */
  | { readonly type: 'failed'; readonly text: string; readonly isLost: boolean }
  // Changes of the device, the model and its training.
  | { readonly type: 'deviceLost' }
  /** Model and training were replaced; `saved` is null without a training. */
  | { readonly type: 'replaced'; readonly saved: SavedPhase | null }
  /** Model and training were restored from the last save. */
  | { readonly type: 'restored'; readonly saved: SavedPhase | null };

export type TrainingEffect =
  /** Makes `fit` return after the steps in flight. */
  | { readonly type: 'abort' }
  /** Makes `fit` hold, run one more step, or run freely. */
  | { readonly type: 'hold' | 'allowStep' | 'proceed' }
  /** Replaces the record, or restores the previous one and drops its undo entry. */
  | { readonly type: 'useNew'; readonly training: NewTraining }
  | { readonly type: 'usePrevious' | 'dropUndo' }
  /** Starts `fit`; settles when the first step can begin. */
  | { readonly type: 'fit' }
  | { readonly type: 'save'; readonly haveWeightsChanged: boolean }
  | { readonly type: 'restore' }
  | { readonly type: 'note'; readonly text: string };

export interface Transition {
  readonly phase: TrainingPhase;
  readonly effects: readonly TrainingEffect[];
}

/** Throws: StateError for an event that the trainer never dispatches in this phase. */
export function transition(phase: TrainingPhase, event: TrainingEvent): Transition {
  const to = (next: TrainingPhase, ...effects: readonly TrainingEffect[]): Transition => ({
    phase: next,
    effects,
  });
  const ignored = to(phase);
  if (phase.name === 'closed') return ignored;
  const isActive = !isInactive(phase);

  switch (event.type) {
    case 'begin':
    case 'continue': {
      if (isActive) throw impossible(phase, event);
      // The device was lost in the meantime, which the page shows.
      if (phase.name === 'lost')
        return event.type === 'begin' && event.isUndoable ? to(phase, { type: 'dropUndo' }) : ignored;
      const starting = { name: 'starting', stage: 'loading', goal: event.goal } as const;
      if (event.type === 'begin') {
        const { training, isUndoable } = event;
        return to(
          { ...starting, start: { from: phase, isNew: true, isUndoable } },
          { type: 'useNew', training },
          { type: 'save', haveWeightsChanged: false },
          { type: 'fit' },
        );
      }
      if (!canContinue(phase)) return ignored;
      return to({ ...starting, start: { from: phase, isNew: false, isUndoable: false } }, { type: 'fit' });
    }

    case 'pause':
      if (phase.name === 'waiting') return to({ name: 'suspended' });
      return isGoing(phase) ? to({ ...phase, goal: 'hold' }, { type: 'hold' }) : ignored;
    case 'step':
      if (phase.name === 'held')
        return to({ ...phase, name: 'running', goal: 'hold' }, { type: 'allowStep' });
      return phase.name === 'running' ? to({ ...phase, goal: 'hold' }, { type: 'allowStep' }) : ignored;
    case 'resume':
      if (phase.name === 'held') return to({ ...phase, name: 'running', goal: 'run' }, { type: 'proceed' });
      return isGoing(phase) ? to({ ...phase, goal: 'run' }, { type: 'proceed' }) : ignored;

    case 'end':
      return isActive ? ending(phase, false) : ignored;
    case 'close':
      return isActive ? to({ name: 'closed' }, { type: 'abort' }) : to({ name: 'closed' });
    case 'stop': {
      if (isActive) throw impossible(phase, event);
      if (!isUnfinished(phase)) return ignored;
      const stopped =
        phase.name === 'lost' ? ({ name: 'lost', saved: 'stopped' } as const) : inactive('stopped');
      return to(stopped, { type: 'save', haveWeightsChanged: false });
    }

    case 'compiling':
      return phase.name === 'starting' ? to({ ...phase, stage: 'compiling' }) : ignored;
    case 'began':
      return phase.name === 'starting'
        ? to({ name: 'running', stage: 'training', goal: phase.goal })
        : ignored;
    case 'training':
    case 'validating':
      return phase.name === 'running' ? to({ ...phase, stage: event.type }) : ignored;
    case 'held':
      return phase.name === 'running' && phase.goal === 'hold'
        ? to({ name: 'held', stage: phase.stage })
        : ignored;

    case 'ended': {
      if (!isActive) throw impossible(phase, event);
      if (phase.name === 'ending' && phase.isLost) return lost(phase);
      const start = startOf(phase);
      if (start) return reverted(start);
      if (event.outcome === 'interrupted') return to(inactive('suspended'));
      const over = inactive(event.outcome === 'finished' ? 'finished' : 'stopped');
      return to(over, { type: 'save', haveWeightsChanged: true });
    }
    case 'failed': {
      if (!isActive) throw impossible(phase, event);
      if (event.isLost || (phase.name === 'ending' && phase.isLost)) return lost(phase);
      const start = startOf(phase);
      // The caller that started it gets the error.
      if (start) return reverted(start);
      return to(inactive('suspended'), { type: 'note', text: event.text }, { type: 'restore' });
    }

    case 'deviceLost':
      return isActive ? ending(phase, true) : to({ name: 'lost', saved: savedPhaseOf(phase) });
    case 'replaced':
      if (isActive) throw impossible(phase, event);
      return to(event.saved === 'training' ? inactive('waiting') : inactiveOf(event.saved));
    case 'restored':
      if (isActive) throw impossible(phase, event);
      return to(phase.name === 'lost' ? { name: 'lost', saved: event.saved } : inactiveOf(event.saved));
    default:
      return ignored;
  }
}

function impossible({ name }: TrainingPhase, { type }: TrainingEvent): StateError {
  return new StateError(`training: '${type}' is not allowed while the training is ${name}.`);
}

function inactive(name: Exclude<InactivePhase['name'], 'lost'>): InactivePhase {
  return { name };
}

function inactiveOf(saved: SavedPhase | null): InactivePhase {
  if (saved === null) return inactive('idle');
  return inactive(saved === 'finished' || saved === 'stopped' ? saved : 'suspended');
}

function ending(phase: ActivePhase, isLost: boolean): Transition {
  if (phase.name === 'ending') return { phase: { ...phase, isLost: phase.isLost || isLost }, effects: [] };
  return {
    phase: { name: 'ending', shown: shownPhaseOf(phase), isLost, start: startOf(phase) },
    effects: [{ type: 'abort' }],
  };
}

/** If there was no first step, restores everything. A training that could not resume can be resumed again. */
function reverted({ from, isNew, isUndoable }: Start): Transition {
  return {
    phase: from.name === 'waiting' ? inactive('suspended') : from,
    effects: isNew
      ? [
          { type: 'usePrevious' },
          ...(isUndoable ? [{ type: 'dropUndo' } as const] : []),
          { type: 'save', haveWeightsChanged: false },
        ]
      : [],
  };
}

/** No `restore`: the trainer restores the last save when it handles the lost device. */
function lost(phase: ActivePhase): Transition {
  const start = startOf(phase);
  if (!start) return { phase: { name: 'lost', saved: 'paused' }, effects: [] };
  return {
    phase: { name: 'lost', saved: savedPhaseOf(start.from) },
    effects: reverted(start).effects.filter(({ type }) => type !== 'save'),
  };
}

function startOf(phase: ActivePhase): Start | undefined {
  return phase.name === 'starting' || phase.name === 'ending' ? phase.start : undefined;
}

export function isInactive(phase: TrainingPhase): phase is InactivePhase {
  return !isGoing(phase) && !['held', 'ending', 'closed'].includes(phase.name);
}

/** Whether steps run, or will. */
function isGoing(phase: TrainingPhase): phase is ActivePhase & { readonly name: 'starting' | 'running' } {
  return phase.name === 'starting' || phase.name === 'running';
}

function canContinue({ name }: InactivePhase): boolean {
  return name === 'waiting' || name === 'suspended';
}

/** Whether pause, resume and step act on a running `fit`. */
export function isSteerable(phase: TrainingPhase): boolean {
  return isGoing(phase) || phase.name === 'held';
}

/** Whether a pause or step has completed, or can no longer complete. */
export function isSettled(phase: TrainingPhase): boolean {
  return !(isGoing(phase) && phase.goal === 'hold');
}

/** Whether a training has started and not ended: it is running, paused, or can be resumed. */
export function isUnfinished(phase: TrainingPhase): boolean {
  const saved = savedPhaseOf(phase);
  return saved === 'training' || saved === 'paused';
}

/** The phases that map to fixed values: the phase in a save, and the phase that the page shows. */
const plain = {
  idle: [null, 'idle'],
  waiting: ['training', 'loading'],
  suspended: ['paused', 'paused'],
  held: ['paused', 'paused'],
  finished: ['finished', 'finished'],
  stopped: ['stopped', 'stopped'],
  closed: [null, 'idle'],
} as const satisfies Readonly<Record<string, readonly [saved: SavedPhase | null, shown: ShownPhase]>>;

/** The phase in a save; null without a training. */
export function savedPhaseOf(phase: TrainingPhase): SavedPhase | null {
  if (isGoing(phase)) return phase.goal === 'run' ? 'training' : 'paused';
  if (phase.name === 'lost') return phase.saved;
  return phase.name === 'ending' ? 'paused' : plain[phase.name][0];
}

/** The phase that the page shows. */
export function shownPhaseOf(phase: TrainingPhase): ShownPhase {
  if (isGoing(phase)) return phase.stage;
  if (phase.name === 'lost') return 'lost';
  return phase.name === 'ending' ? phase.shown : plain[phase.name][1];
}
