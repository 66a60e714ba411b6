/** The page's entry point: starts the worker, stores its events, and builds the views. */
import { proxy, wrap } from 'comlink';
import './styles.css';
import type { App, Cause, RemoteWorker, WorkerState } from './app.js';
import type { View } from './view.js';
import { installBanners } from './banners.js';
import { installDeviceLine } from './device_line.js';
import { installDropGuard } from './drop_guard.js';
import { textOf } from './error_text.js';
import { installNavigation } from './navigation.js';
import { installNotes } from './notes.js';
import type { WorkerApi, WorkerEvent } from './protocol.js';
import { keepInAddress } from './settings_address.js';
import { settingsOf } from './settings_query.js';
import { Store } from './store.js';
import { installThemeSwitch } from './theme_switch.js';
import { workerAddress } from './trusted.js';
import { drawingView } from './views/drawing.js';
import type * as LowerViews from './views/lower.js';
import { trainingView } from './views/training.js';
import { whenSeen } from './views/when_seen.js';
// The styles of the lower sections, whose scripts load later.
import './views/image_grid.css';
import './views/evaluation.css';
import './views/data.css';
import './views/inside.css';

const views: Readonly<Record<string, View>> = {
  draw: drawingView,
  train: trainingView,
  results: whenNear((lower) => lower.evaluationView),
  data: whenNear((lower) => lower.dataView),
  inside: whenNear((lower) => lower.insideView),
};

const worker = new Worker(workerAddress(), { type: 'module', name: 'shadegrad' });

const nothingYet = <T>(): Store<T | null> => new Store<T | null>(null);
const state: WorkerState = {
  device: nothingYet(),
  status: nothingYet(),
  steps: nothingYet(),
  epochs: nothingYet(),
  memory: nothingYet(),
  model: nothingYet(),
  sets: nothingYet(),
  undo: nothingYet(),
  tuned: nothingYet(),
  note: nothingYet(),
};

const { say, settle } = installNotes(element('notes'), element('spoken'), element('spoken-at-once'));
const { settings, notes } = settingsOf(location.search);
const app: App = {
  // Comlink proxies the nested objects as well, but its type does not say so.
  worker: wrap<WorkerApi>(worker) as unknown as RemoteWorker,
  state,
  settings: new Store(settings),
  image: nothingYet(),
  busy: new Store<ReadonlySet<Cause>>(new Set()),
  say,
  settle,
  attempt: async (cause, work) => {
    try {
      await work();
      settle(cause);
    } catch (error) {
      say(textOf(error), 'error', cause);
    }
  },
};

worker.addEventListener('error', ({ message }) =>
  say(
    `The page's worker failed: ${message || 'its script could not be loaded'}. Reload the page.`,
    'error',
    'page',
  ),
);
state.note.listen((note) => {
  if (note) say(note.text, note.level, note.cause);
});
state.status.listen((now, before) => {
  if (now?.savedAt !== before?.savedAt) settle('saving');
});
installThemeSwitch(element('theme'));
installNavigation(element('sections'), Object.keys(views).map(element));
installDeviceLine(element('device'), app);
installBanners(element('banners'), app);
installDropGuard();
keepInAddress(app.settings, (text) => say(text, 'warning'));
for (const text of notes) say(text, 'warning');

const base = new URL('.', location.href).href;
const isReload = performance
  .getEntriesByType('navigation')
  .some((entry) => (entry as PerformanceNavigationTiming).type === 'reload');
// Before the views: their calls need the parts that `start` adds. Not awaited: `attempt` shows errors.
void app.attempt('page', () =>
  app.worker.start({ base, settings: app.settings.value, isReload }, proxy(store)),
);

for (const [id, view] of Object.entries(views)) view(element(id), app);

/** A view below Train. Its script is fetched when its section comes near the viewport. */
function whenNear(viewOf: (scripts: typeof LowerViews) => View): View {
  return (root, app) =>
    // Not awaited: `attempt` shows errors.
    whenSeen(root, () => void app.attempt('page', async () => viewOf(await fetchLowerViews())(root, app)));
}

async function fetchLowerViews(): Promise<typeof LowerViews> {
  return import('./views/lower.js').catch((cause: unknown) => {
    throw new Error(
      'A part of this page could not be loaded. Check that its server is running, then reload.',
      { cause },
    );
  });
}

function store({ name, value }: WorkerEvent): void {
  (state[name] as Store<WorkerEvent['value'] | null>).set(value);
}

function element(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html lacks the element #${id}`);
  return found;
}
