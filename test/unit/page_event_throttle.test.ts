/**
 * Events from the worker to the page, with a manual clock.
 *
 *   rate     the first immediately, then at most one of each kind every 125 ms; kinds do not wait for each other
 *   content  the last state arrives, points are concatenated in order, `isFresh` drops the pending ones
 *   notes    each arrives immediately
 *   flush    sends pending events, which no timer sends again
 *   timers   a delayed timer only delays the event
 */
import { describe, expect, test } from 'vitest';
import type { TrainingStatus, WorkerEvent } from '../../web/protocol.js';
import { EventThrottle } from '../../web/worker/event_throttle.js';

function stage(): {
  readonly throttle: EventThrottle;
  readonly sent: readonly (readonly [ms: number, event: WorkerEvent])[];
  /** Advances the clock, running timers that fall due unless they are held up. */
  readonly turn: (ms: number, options?: { readonly isHeldUp?: boolean }) => void;
} {
  let now = 0;
  let timers: { at: number; act: () => void }[] = [];
  const sent: [number, WorkerEvent][] = [];
  const throttle = new EventThrottle((event) => sent.push([now, event]), {
    now: () => now,
    after: (ms, act) => timers.push({ at: now + ms, act }),
  });
  const turn = (ms: number, { isHeldUp = false } = {}): void => {
    const end = now + ms;
    const due = () =>
      isHeldUp ? undefined : timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
    for (let next = due(); next; next = due()) {
      const fired = next;
      timers = timers.filter((timer) => timer !== fired);
      now = Math.max(now, fired.at);
      fired.act();
    }
    now = end;
  };
  return { throttle, sent, turn };
}

const status = (step: number): TrainingStatus => ({ step }) as TrainingStatus;
const point = (step: number) => ({ step, loss: 1, accuracy: 0 });

describe('rate', () => {
  test('at most eight per second, including the last one', () => {
    const { throttle, sent, turn } = stage();
    for (let step = 1; step <= 100; step++) {
      throttle.emit('status', status(step));
      turn(10);
    }
    turn(1000);
    const times = sent.map(([ms]) => ms);
    expect(times).toEqual([0, 125, 250, 375, 500, 625, 750, 875, 1000]);
    expect(sent.at(-1)![1]).toEqual({ name: 'status', value: status(100) });
  });

  test('kinds do not wait for each other, and notes do not wait at all', () => {
    const { throttle, sent } = stage();
    throttle.emit('status', status(1));
    throttle.emit('epochs', []);
    throttle.emit('note', { level: 'info', text: 'a' });
    throttle.emit('note', { level: 'info', text: 'b' });
    expect(sent.map(([, { name }]) => name)).toEqual(['status', 'epochs', 'note', 'note']);
  });
});

describe('content', () => {
  test('points are concatenated in order, each once', () => {
    const { throttle, sent, turn } = stage();
    for (let step = 1; step <= 40; step++) {
      throttle.emit('steps', { points: [point(step)], isFresh: step === 1 });
      turn(10);
    }
    turn(1000);
    const events = sent.map(([, event]) => event).filter((event) => event.name === 'steps');
    expect(events.flatMap(({ value }) => value.points.map(({ step }) => step))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    expect(events.map(({ value }) => value.isFresh)).toEqual([true, false, false, false, false]);
  });

  test('a fresh event drops pending points, and stays fresh when later points are added', () => {
    const { throttle, sent, turn } = stage();
    for (const step of [1, 2, 3]) throttle.emit('steps', { points: [point(step)], isFresh: false });
    throttle.emit('steps', { points: [], isFresh: true });
    throttle.emit('steps', { points: [point(1)], isFresh: false });
    turn(125);
    expect(sent.map(([, { value }]) => value)).toEqual([
      { points: [point(1)], isFresh: false },
      { points: [point(1)], isFresh: true },
    ]);
  });
});

describe('flush and timers', () => {
  test('flush sends pending events once', () => {
    const { throttle, sent, turn } = stage();
    throttle.emit('status', status(1));
    throttle.emit('status', status(2));
    throttle.flush();
    throttle.flush();
    turn(1000);
    expect(sent.map(([ms]) => ms)).toEqual([0, 0]);
  });

  test('the interval starts again after a flush', () => {
    const { throttle, sent, turn } = stage();
    throttle.emit('status', status(1));
    turn(100);
    throttle.emit('status', status(2));
    throttle.flush();
    throttle.emit('status', status(3));
    turn(1000);
    expect(sent.map(([ms]) => ms)).toEqual([0, 100, 225]);
  });

  test('if timers are delayed, a later event sends the pending one', () => {
    const { throttle, sent, turn } = stage();
    throttle.emit('status', status(1));
    throttle.emit('status', status(2));
    turn(5000, { isHeldUp: true });
    throttle.emit('status', status(3));
    turn(1000);
    expect(sent.map(([ms, { value }]) => [ms, value])).toEqual([
      [0, status(1)],
      [5000, status(3)],
    ]);
  });
});
