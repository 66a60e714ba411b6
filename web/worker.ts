/** The worker's entry point: exposes the API of protocol.ts. */
import { expose } from 'comlink';
import type { WorkerApi } from './protocol.js';
import { dataOf } from './worker/data.js';
import { partOnDemand } from './worker/on_demand_script.js';
import { predicting } from './worker/predicting.js';
import { Session } from './worker/session.js';
import { tuningOf } from './worker/tuning.js';

/** `start` adds the other members. */
const api: Pick<WorkerApi, 'start'> & Partial<WorkerApi> = {
  start: async (options, listener) => {
    const session = new Session(options, listener);
    Object.assign(api, answeringParts(session));
    await session.open();
  },
};

function answeringParts(session: Session): Omit<WorkerApi, 'start'> {
  const { trainer, models, undo } = session;
  return {
    training: trainer,
    models,
    undo,
    data: dataOf(session),
    predicting: predicting(session),
    evaluating: partOnDemand(['run', 'stop', 'images'], ({ evaluating }) => evaluating(session)),
    inspecting: partOnDemand(['filters', 'activations', 'kernels', 'source'], ({ inspecting }) =>
      inspecting(session),
    ),
    tuning: tuningOf(session, { channel: new BroadcastChannel('shadegrad tuning') }),
  };
}

expose(api);
