/**
 * Concurrent calls of the page (web/worker/session.ts), without files:
 *   tasks       a new training waits for them, so that they see consistent weights; they run one at a time, between the steps
 *               of a training or without one
 *   compiling   the model does not yet come from a training that is still compiling
 *   kernels     those of an ended training are listed, but not measured, since its memory has been freed
 *   memory      a training that is stopped while it compiles leaves no memory allocated
 *   device      one that refuses a command, or is lost while the end of a training is saved, is replaced
 */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { open } from '../../src/browser/open.js';
import type { Settings, WorkerEvents } from '../../web/protocol.js';
import type { SessionOptions } from '../../web/worker/browser_parts.js';
import { inspecting } from '../../web/worker/inspecting.js';
import { Session } from '../../web/worker/session.js';
import { loaded, settings as tinySettings, shippedModel } from './tiny_session.js';

const settings: Settings = { ...tinySettings, epochs: 1000 };

let shipped: Uint8Array<ArrayBuffer>;

beforeAll(async () => {
  shipped = await shippedModel();
});

const visits: Session[] = [];
afterEach(async () => {
  for (const session of visits.splice(0)) await session.close();
});

interface Visit {
  readonly session: Session;
  readonly phase: () => WorkerEvents['status']['phase'] | undefined;
}

async function visit(options: SessionOptions = {}): Promise<Visit> {
  let status: WorkerEvents['status'] | undefined;
  const session = new Session(
    { base: 'http://here/', settings, isReload: false },
    (event) => {
      if (event.name === 'status') status = event.value;
    },
    {
      openDevice: async () => open(),
      source: { whole: async () => loaded, test: async () => loaded.test! },
      openFolder: async () => undefined,
      saveEveryMs: 1e6,
      fetchBuiltIn: async () => ({ file: 'shipped', bytes: shipped, classNames: ['a', 'b', 'c'] }),
      ...options,
    },
  );
  visits.push(session);
  await session.open();
  return { session, phase: () => status?.phase };
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 60_000, interval: 5 }).toBe(true);
}

/** The weights as text: equal only for equal bits. */
async function bitsOf({ current }: Session): Promise<string> {
  const weights = [...(await current.weights()).values()];
  return weights.map(({ buffer }) => new Uint32Array(buffer).join()).join();
}

describe('tasks', () => {
  it('delay a training that is about to replace the model', async () => {
    const { session, phase } = await visit();
    const readings = session.trainer.betweenSteps(async () => {
      const found = new Set<string>();
      await until(() => phase() === 'compiling');
      // Longer than a training takes to compile.
      for (let i = 0; i < 400; i++) found.add(await bitsOf(session));
      return found;
    });
    await session.trainer.begin(settings);
    expect((await readings).size).toBe(1);
  });

  it('run one at a time, between the steps of a training or without one', async () => {
    const { session } = await visit();
    const order: string[] = [];
    await session.trainer.begin(settings);
    const stopped = session.trainer.stop();
    let second: Promise<unknown> | undefined;
    // There was no sync point before the training ended, so it runs afterwards.
    await session.trainer.betweenSteps(async () => {
      order.push('first begins');
      second = session.trainer.betweenSteps(async () => order.push('second'));
      await bitsOf(session);
      order.push('first ends');
    });
    await Promise.all([stopped, second]);
    expect(order).toEqual(['first begins', 'first ends', 'second']);
  });
});

describe('a training that is compiling', () => {
  it('has not yet produced the current model', async () => {
    const { session, phase } = await visit();
    expect(session.trainer.trainedBy).toBeUndefined();
    await session.trainer.begin({ ...settings, epochs: 1 });
    await until(() => phase() === 'finished');
    // It waits for tasks before its model replaces the previous one.
    const seeds = session.trainer.betweenSteps(async () => {
      await until(() => phase() === 'compiling');
      return [session.trainer.settings.seed, session.trainer.trainedBy?.settings.seed];
    });
    await session.trainer.begin({ ...settings, seed: 8 });
    expect(await seeds).toEqual([8, 7]);
    expect(session.trainer.trainedBy?.settings.seed).toBe(8);
  });
});

describe('an ended training', () => {
  it('has kernels that are listed, but not measured', async () => {
    const { session, phase } = await visit();
    await session.trainer.begin({ ...settings, epochs: 1 });
    await until(() => phase() === 'finished');
    const { of, rows } = await inspecting(session).kernels();
    expect(of).toBe('training');
    expect(rows.length).toBeGreaterThan(0);
  });

  it('leaves no memory allocated if it was stopped before its first step', async () => {
    const { session, phase } = await visit();
    const free = (): number => {
      session.device.current!.trim();
      return session.device.current!.allocatedBytes;
    };
    const before = free();
    const begun = session.trainer.begin({ ...settings, model: 'simple', dataset: 'digits' });
    await until(() => phase() === 'compiling');
    await session.trainer.stop();
    await begun;
    expect(phase()).toBe('idle');
    expect(free()).toBeLessThanOrEqual(before);
  });
});

describe('a device', () => {
  it('that is lost while the end of a training is saved is replaced', async () => {
    let isToGo = false;
    const { session, phase } = await visit({
      openDevice: async () => {
        const device = await open();
        const read = device.readTogether.bind(device);
        device.readTogether = async (storages) => {
          if (isToGo && !session.trainer.active) device.destroy();
          return read(storages);
        };
        return device;
      },
    });
    await session.trainer.begin({ ...settings, epochs: 1 });
    isToGo = true;
    await until(() => phase() === 'lost');
    isToGo = false;
    await session.trainer.begin({ ...settings, epochs: 2 });
    await until(() => phase() === 'finished');
    expect(session.trainer.settings.epochs).toBe(2);
  });

  it('that refuses a command is replaced', async () => {
    const { session, phase } = await visit();
    await session.trainer.begin(settings);
    await until(() => (session.trainer.active?.position().step ?? 0) >= 3);
    const refusing = session.device.current!;
    refusing.gpu.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
    await until(() => phase() === 'lost');
    await session.trainer.resume();
    expect(session.device.current).not.toBe(refusing);
    await until(() => (session.trainer.active?.position().step ?? 0) >= 3);
  });
});
