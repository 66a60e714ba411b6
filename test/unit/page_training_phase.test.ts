/**
 * The phase of the page's training (web/worker/training_phase.ts): every event in every phase, with the shown phase, the saved
 * phase, and the effects in order. Events that the trainer never dispatches in a phase throw.
 */
import { describe, expect, test } from 'vitest';
import { StateError } from '../../src/errors.js';
import { defaultSettings } from '../../web/settings.js';
import {
  type TrainingEffect,
  type TrainingEvent,
  type TrainingPhase,
  type Transition,
  isInactive,
  isSettled,
  isSteerable,
  isUnfinished,
  savedPhaseOf,
  shownPhaseOf,
  transition,
} from '../../web/worker/training_phase.js';

const training = { settings: defaultSettings, selection: new Map() };
const suspended: TrainingPhase = { name: 'suspended' };
const isNew = { from: suspended, isNew: true, isUndoable: true };
const isFirst = { from: { name: 'idle' }, isNew: true, isUndoable: false } as const;
const isResumed = { from: { name: 'waiting' }, isNew: false, isUndoable: false } as const;
const loading = { name: 'starting', stage: 'loading' } as const;
const ending = { name: 'ending', shown: 'training', isLost: false, start: undefined } as const;

const phases: Readonly<Record<string, TrainingPhase>> = {
  idle: { name: 'idle' },
  waiting: { name: 'waiting' },
  suspended,
  finished: { name: 'finished' },
  stopped: { name: 'stopped' },
  'lost, paused': { name: 'lost', saved: 'paused' },
  'lost, nothing': { name: 'lost', saved: null },
  'starting, new': { ...loading, goal: 'run', start: isNew },
  'starting, first, to hold': { ...loading, goal: 'hold', start: isFirst },
  'starting, resumed': { ...loading, stage: 'compiling', goal: 'run', start: isResumed },
  running: { name: 'running', stage: 'training', goal: 'run' },
  'running, to hold': { name: 'running', stage: 'validating', goal: 'hold' },
  held: { name: 'held', stage: 'validating' },
  ending,
  'ending before the first step': { ...ending, shown: 'loading', start: isNew },
  'ending, lost': { ...ending, shown: 'paused', isLost: true },
  closed: { name: 'closed' },
};

const events: Readonly<Record<string, TrainingEvent>> = {
  begin: { type: 'begin', training, goal: 'run', isUndoable: true },
  'continue to hold': { type: 'continue', goal: 'hold' },
  pause: { type: 'pause' },
  resume: { type: 'resume' },
  step: { type: 'step' },
  end: { type: 'end' },
  stop: { type: 'stop' },
  close: { type: 'close' },
  compiling: { type: 'compiling' },
  began: { type: 'began' },
  training: { type: 'training' },
  validating: { type: 'validating' },
  held: { type: 'held' },
  'ended, finished': { type: 'ended', outcome: 'finished' },
  'ended, diverged': { type: 'ended', outcome: 'diverged' },
  'ended, interrupted': { type: 'ended', outcome: 'interrupted' },
  failed: { type: 'failed', text: 'why', isLost: false },
  'failed, lost': { type: 'failed', text: 'why', isLost: true },
  'device lost': { type: 'deviceLost' },
  'replaced by none': { type: 'replaced', saved: null },
  'replaced by one that ran': { type: 'replaced', saved: 'training' },
  'replaced by a paused one': { type: 'replaced', saved: 'paused' },
  'restored, ran': { type: 'restored', saved: 'training' },
  'restored, finished': { type: 'restored', saved: 'finished' },
};

function phaseText(phase: TrainingPhase): string {
  const { name } = phase;
  if (name === 'lost') return `lost, ${phase.saved ?? 'nothing'}`;
  if (name === 'starting') return `starting: ${phase.stage}, ${phase.goal}, from ${phase.start.from.name}`;
  if (name === 'running') return `running: ${phase.stage}, ${phase.goal}`;
  if (name === 'held') return `held in ${phase.stage}`;
  if (name !== 'ending') return name;
  return `ending${phase.start ? ' before the first step' : ''}${phase.isLost ? ', lost' : ''}, shown as ${phase.shown}`;
}

function effectText(effect: TrainingEffect): string {
  if (effect.type === 'save') return effect.haveWeightsChanged ? 'save weights' : 'save';
  return effect.type === 'note' ? `note '${effect.text}'` : effect.type;
}

/** The transitions of a phase by event; ignored events are omitted. */
function tableOf(phase: TrainingPhase): string[] {
  return Object.entries(events).flatMap(([name, event]) => {
    const next = attempt(phase, event);
    if (!next) return [`${name}: impossible`];
    if (next.phase === phase && next.effects.length === 0) return [];
    const effects = next.effects.map(effectText).join(', ');
    return [`${name} → ${phaseText(next.phase)}${effects === '' ? '' : ` · ${effects}`}`];
  });
}

function attempt(phase: TrainingPhase, event: TrainingEvent): Transition | undefined {
  try {
    return transition(phase, event);
  } catch (error) {
    if (error instanceof StateError) return undefined;
    throw error;
  }
}

test('what each phase shows, saves and allows', () => {
  const table = Object.entries(phases).map(([name, phase]) => {
    const flags = Object.entries({ isInactive, isUnfinished, isSteerable, isSettled })
      .filter(([, is]) => is(phase))
      .map(([flag]) => flag);
    return `${name}: shown as ${shownPhaseOf(phase)}, saved as ${savedPhaseOf(phase)}; ${flags.join(', ')}`;
  });
  expect(table).toMatchInlineSnapshot(`
    [
      "idle: shown as idle, saved as null; isInactive, isSettled",
      "waiting: shown as loading, saved as training; isInactive, isUnfinished, isSettled",
      "suspended: shown as paused, saved as paused; isInactive, isUnfinished, isSettled",
      "finished: shown as finished, saved as finished; isInactive, isSettled",
      "stopped: shown as stopped, saved as stopped; isInactive, isSettled",
      "lost, paused: shown as lost, saved as paused; isInactive, isUnfinished, isSettled",
      "lost, nothing: shown as lost, saved as null; isInactive, isSettled",
      "starting, new: shown as loading, saved as training; isUnfinished, isSteerable, isSettled",
      "starting, first, to hold: shown as loading, saved as paused; isUnfinished, isSteerable",
      "starting, resumed: shown as compiling, saved as training; isUnfinished, isSteerable, isSettled",
      "running: shown as training, saved as training; isUnfinished, isSteerable, isSettled",
      "running, to hold: shown as validating, saved as paused; isUnfinished, isSteerable",
      "held: shown as paused, saved as paused; isUnfinished, isSteerable, isSettled",
      "ending: shown as training, saved as paused; isUnfinished, isSettled",
      "ending before the first step: shown as loading, saved as paused; isUnfinished, isSettled",
      "ending, lost: shown as paused, saved as paused; isUnfinished, isSettled",
      "closed: shown as idle, saved as null; isSettled",
    ]
  `);
});

describe('every event', () => {
  test('idle', () => {
    expect(tableOf(phases['idle']!)).toMatchInlineSnapshot(`
      [
        "begin → starting: loading, run, from idle · useNew, save, fit",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, nothing",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → suspended",
        "restored, finished → finished",
      ]
    `);
  });

  test('waiting', () => {
    expect(tableOf(phases['waiting']!)).toMatchInlineSnapshot(`
      [
        "begin → starting: loading, run, from waiting · useNew, save, fit",
        "continue to hold → starting: loading, hold, from waiting · fit",
        "pause → suspended",
        "stop → stopped · save",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, training",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → suspended",
        "restored, finished → finished",
      ]
    `);
  });

  test('suspended', () => {
    expect(tableOf(phases['suspended']!)).toMatchInlineSnapshot(`
      [
        "begin → starting: loading, run, from suspended · useNew, save, fit",
        "continue to hold → starting: loading, hold, from suspended · fit",
        "stop → stopped · save",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, paused",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → suspended",
        "restored, finished → finished",
      ]
    `);
  });

  test('finished', () => {
    expect(tableOf(phases['finished']!)).toMatchInlineSnapshot(`
      [
        "begin → starting: loading, run, from finished · useNew, save, fit",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, finished",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → suspended",
        "restored, finished → finished",
      ]
    `);
  });

  test('stopped', () => {
    expect(tableOf(phases['stopped']!)).toMatchInlineSnapshot(`
      [
        "begin → starting: loading, run, from stopped · useNew, save, fit",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, stopped",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → suspended",
        "restored, finished → finished",
      ]
    `);
  });

  test('lost, paused', () => {
    expect(tableOf(phases['lost, paused']!)).toMatchInlineSnapshot(`
      [
        "begin → lost, paused · dropUndo",
        "stop → lost, stopped · save",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, paused",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → lost, training",
        "restored, finished → lost, finished",
      ]
    `);
  });

  test('lost, nothing', () => {
    expect(tableOf(phases['lost, nothing']!)).toMatchInlineSnapshot(`
      [
        "begin → lost, nothing · dropUndo",
        "close → closed",
        "ended, finished: impossible",
        "ended, diverged: impossible",
        "ended, interrupted: impossible",
        "failed: impossible",
        "failed, lost: impossible",
        "device lost → lost, nothing",
        "replaced by none → idle",
        "replaced by one that ran → waiting",
        "replaced by a paused one → suspended",
        "restored, ran → lost, training",
        "restored, finished → lost, finished",
      ]
    `);
  });

  test('starting, new', () => {
    expect(tableOf(phases['starting, new']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "pause → starting: loading, hold, from suspended · hold",
        "resume → starting: loading, run, from suspended · proceed",
        "end → ending before the first step, shown as loading · abort",
        "stop: impossible",
        "close → closed · abort",
        "compiling → starting: compiling, run, from suspended",
        "began → running: training, run",
        "ended, finished → suspended · usePrevious, dropUndo, save",
        "ended, diverged → suspended · usePrevious, dropUndo, save",
        "ended, interrupted → suspended · usePrevious, dropUndo, save",
        "failed → suspended · usePrevious, dropUndo, save",
        "failed, lost → lost, paused · usePrevious, dropUndo",
        "device lost → ending before the first step, lost, shown as loading · abort",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('starting, first, to hold', () => {
    expect(tableOf(phases['starting, first, to hold']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "pause → starting: loading, hold, from idle · hold",
        "resume → starting: loading, run, from idle · proceed",
        "end → ending before the first step, shown as loading · abort",
        "stop: impossible",
        "close → closed · abort",
        "compiling → starting: compiling, hold, from idle",
        "began → running: training, hold",
        "ended, finished → idle · usePrevious, save",
        "ended, diverged → idle · usePrevious, save",
        "ended, interrupted → idle · usePrevious, save",
        "failed → idle · usePrevious, save",
        "failed, lost → lost, nothing · usePrevious",
        "device lost → ending before the first step, lost, shown as loading · abort",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('starting, resumed', () => {
    expect(tableOf(phases['starting, resumed']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "pause → starting: compiling, hold, from waiting · hold",
        "resume → starting: compiling, run, from waiting · proceed",
        "end → ending before the first step, shown as compiling · abort",
        "stop: impossible",
        "close → closed · abort",
        "compiling → starting: compiling, run, from waiting",
        "began → running: training, run",
        "ended, finished → suspended",
        "ended, diverged → suspended",
        "ended, interrupted → suspended",
        "failed → suspended",
        "failed, lost → lost, training",
        "device lost → ending before the first step, lost, shown as compiling · abort",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('running', () => {
    expect(tableOf(phases['running']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "pause → running: training, hold · hold",
        "resume → running: training, run · proceed",
        "step → running: training, hold · allowStep",
        "end → ending, shown as training · abort",
        "stop: impossible",
        "close → closed · abort",
        "training → running: training, run",
        "validating → running: validating, run",
        "ended, finished → finished · save weights",
        "ended, diverged → stopped · save weights",
        "ended, interrupted → suspended",
        "failed → suspended · note 'why', restore",
        "failed, lost → lost, paused",
        "device lost → ending, lost, shown as training · abort",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('running, to hold', () => {
    expect(tableOf(phases['running, to hold']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "pause → running: validating, hold · hold",
        "resume → running: validating, run · proceed",
        "step → running: validating, hold · allowStep",
        "end → ending, shown as validating · abort",
        "stop: impossible",
        "close → closed · abort",
        "training → running: training, hold",
        "validating → running: validating, hold",
        "held → held in validating",
        "ended, finished → finished · save weights",
        "ended, diverged → stopped · save weights",
        "ended, interrupted → suspended",
        "failed → suspended · note 'why', restore",
        "failed, lost → lost, paused",
        "device lost → ending, lost, shown as validating · abort",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('held', () => {
    expect(tableOf(phases['held']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "resume → running: validating, run · proceed",
        "step → running: validating, hold · allowStep",
        "end → ending, shown as paused · abort",
        "stop: impossible",
        "close → closed · abort",
        "ended, finished → finished · save weights",
        "ended, diverged → stopped · save weights",
        "ended, interrupted → suspended",
        "failed → suspended · note 'why', restore",
        "failed, lost → lost, paused",
        "device lost → ending, lost, shown as paused · abort",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('ending', () => {
    expect(tableOf(phases['ending']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "end → ending, shown as training",
        "stop: impossible",
        "close → closed · abort",
        "ended, finished → finished · save weights",
        "ended, diverged → stopped · save weights",
        "ended, interrupted → suspended",
        "failed → suspended · note 'why', restore",
        "failed, lost → lost, paused",
        "device lost → ending, lost, shown as training",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('ending before the first step', () => {
    expect(tableOf(phases['ending before the first step']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "end → ending before the first step, shown as loading",
        "stop: impossible",
        "close → closed · abort",
        "ended, finished → suspended · usePrevious, dropUndo, save",
        "ended, diverged → suspended · usePrevious, dropUndo, save",
        "ended, interrupted → suspended · usePrevious, dropUndo, save",
        "failed → suspended · usePrevious, dropUndo, save",
        "failed, lost → lost, paused · usePrevious, dropUndo",
        "device lost → ending before the first step, lost, shown as loading",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('ending, lost', () => {
    expect(tableOf(phases['ending, lost']!)).toMatchInlineSnapshot(`
      [
        "begin: impossible",
        "continue to hold: impossible",
        "end → ending, lost, shown as paused",
        "stop: impossible",
        "close → closed · abort",
        "ended, finished → lost, paused",
        "ended, diverged → lost, paused",
        "ended, interrupted → lost, paused",
        "failed → lost, paused",
        "failed, lost → lost, paused",
        "device lost → ending, lost, shown as paused",
        "replaced by none: impossible",
        "replaced by one that ran: impossible",
        "replaced by a paused one: impossible",
        "restored, ran: impossible",
        "restored, finished: impossible",
      ]
    `);
  });

  test('closed', () => {
    expect(tableOf(phases['closed']!)).toMatchInlineSnapshot(`[]`);
  });
});
