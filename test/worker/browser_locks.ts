/**
 * Web Locks for the tests of the page's worker in Node, which has none before version 24: exclusive and in one process, with
 * the options that the worker uses.
 */
interface LockOptions {
  readonly ifAvailable?: boolean;
  readonly signal?: AbortSignal;
}

type Act = (lock: object | null) => Promise<void>;

interface Lock {
  isHeld: boolean;
  readonly waiting: (() => void)[];
}

const locks = new Map<string, Lock>();

async function request(name: string, { ifAvailable = false, signal }: LockOptions, act: Act): Promise<void> {
  const lock = locks.get(name) ?? { isHeld: false, waiting: [] };
  locks.set(name, lock);
  if (lock.isHeld) {
    if (ifAvailable) return act(null);
    await turn(lock, signal);
  }
  lock.isHeld = true;
  try {
    await act({ name });
  } finally {
    const next = lock.waiting.shift();
    lock.isHeld = next !== undefined;
    next?.();
  }
}

/** Rejects with the reason of `signal` when that is aborted first. */
async function turn({ waiting }: Lock, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    waiting.push(resolve);
    signal?.addEventListener('abort', () => {
      const at = waiting.indexOf(resolve);
      if (at === -1) return;
      waiting.splice(at, 1);
      reject(signal.reason as Error);
    });
  });
}

if (!('locks' in (globalThis.navigator ?? {})))
  Object.defineProperty(globalThis, 'navigator', {
    value: { ...globalThis.navigator, locks: { request } },
    configurable: true,
  });
