/** The worker's entry: everything that computes, behind the calls of protocol.ts. */
import { expose } from 'comlink';
import type { WorkerApi } from './protocol.js';
import { dataOf } from './worker/data.js';
import { partOnDemand } from './worker/on_demand_script.js';
import { predicting } from './worker/predicting.js';
import { Session } from './worker/session.js';
import { tuningOf } from './worker/tuning.js';

const session = new Session();

const api: WorkerApi = {
  start: (options, listener) => session.start(options, listener),
  training: session.training,
  models: session.models,
  data: dataOf(session),
  predicting: predicting(session),
  evaluating: partOnDemand(['run', 'stop', 'images'], ({ evaluating }) => evaluating(session)),
  inspecting: partOnDemand(['filters', 'activations', 'kernels', 'source'], ({ inspecting }) =>
    inspecting(session),
  ),
  tuning: tuningOf(session, { channel: new BroadcastChannel('shadegrad tuning') }),
  undo: session.undo,
};

expose(api);
