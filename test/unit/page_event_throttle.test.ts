/**
 * What the worker tells the page, on a clock that the test turns by hand.
 *
 *   rate     the first at once, then at most one every 125 ms of each kind; kinds do not wait for each other
 *   content  the last state arrives, points add up in order, a fresh beginning drops those that waited
 *   notes    each arrives at once
 *   flush    tells what waits, and no timer tells it again
 *   timers   one that is held up for long changes nothing but the moment
 */
import { describe, expect, test } from 'vitest';
import type { TrainingStatus, WorkerEvent } from '../../web/protocol.js';
import { EventThrottle } from '../../web/worker/event_throttle.js';

function stage(): {
  readonly throttle: EventThrottle;
  readonly heard: readonly (readonly [ms: number, event: WorkerEvent])[];
  /** Advances the clock, running timers that fall due unless they are held up. */
  readonly turn: (ms: number, options?: { readonly isHeldUp?: boolean }) => void;
} {
  let now = 0;
  let timers: { at: number; act: () => void }[] = [];
  const heard: [number, WorkerEvent][] = [];
  const throttle = new EventThrottle((event) => heard.push([now, event]), {
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
  return { throttle, heard, turn };
}

const status = (step: number): TrainingStatus => ({ step }) as TrainingStatus;
const point = (step: number) => ({ step, loss: 1, accuracy: 0 });

describe('rate', () => {
  test('at most eight a second, the last one too', () => {
    const { throttle, heard, turn } = stage();
    for (let step = 1; step <= 100; step++) {
      throttle.emit('status', status(step));
      turn(10);
    }
    turn(1000);
    const times = heard.map(([ms]) => ms);
    expect(times).toEqual([0, 125, 250, 375, 500, 625, 750, 875, 1000]);
    expect(heard.at(-1)![1]).toEqual({ name: 'status', value: status(100) });
  });

  test('kinds do not wait for each other, and notes for nothing', () => {
    const { throttle, heard } = stage();
    throttle.emit('status', status(1));
    throttle.emit('epochs', []);
    throttle.emit('note', { level: 'info', text: 'a' });
    throttle.emit('note', { level: 'info', text: 'b' });
    expect(heard.map(([, { name }]) => name)).toEqual(['status', 'epochs', 'note', 'note']);
  });
});

describe('content', () => {
  test('points add up, in order and each once', () => {
    const { throttle, heard, turn } = stage();
    for (let step = 1; step <= 40; step++) {
      throttle.emit('steps', { points: [point(step)], isFresh: step === 1 });
      turn(10);
    }
    turn(1000);
    const events = heard.map(([, event]) => event).filter((event) => event.name === 'steps');
    expect(events.flatMap(({ value }) => value.points.map(({ step }) => step))).toEqual(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
    expect(events.map(({ value }) => value.isFresh)).toEqual([true, false, false, false, false]);
  });

  test('a fresh beginning drops the points that waited, and stays fresh with those behind it', () => {
    const { throttle, heard, turn } = stage();
    for (const step of [1, 2, 3]) throttle.emit('steps', { points: [point(step)], isFresh: false });
    throttle.emit('steps', { points: [], isFresh: true });
    throttle.emit('steps', { points: [point(1)], isFresh: false });
    turn(125);
    expect(heard.map(([, { value }]) => value)).toEqual([
      { points: [point(1)], isFresh: false },
      { points: [point(1)], isFresh: true },
    ]);
  });
});

describe('flush and timers', () => {
  test('flush tells what waits, once', () => {
    const { throttle, heard, turn } = stage();
    throttle.emit('status', status(1));
    throttle.emit('status', status(2));
    throttle.flush();
    throttle.flush();
    turn(1000);
    expect(heard.map(([ms]) => ms)).toEqual([0, 0]);
  });

  test('behind a flush the pause counts anew', () => {
    const { throttle, heard, turn } = stage();
    throttle.emit('status', status(1));
    turn(100);
    throttle.emit('status', status(2));
    throttle.flush();
    throttle.emit('status', status(3));
    turn(1000);
    expect(heard.map(([ms]) => ms)).toEqual([0, 100, 225]);
  });

  test('where timers are held up, what comes later tells it', () => {
    const { throttle, heard, turn } = stage();
    throttle.emit('status', status(1));
    throttle.emit('status', status(2));
    turn(5000, { isHeldUp: true });
    throttle.emit('status', status(3));
    turn(1000);
    expect(heard.map(([ms, { value }]) => [ms, value])).toEqual([
      [0, status(1)],
      [5000, status(3)],
    ]);
  });
});
