/** First-layer filters, activations, the kernels and their WGSL. */
import type { App, CurrentImage } from '../app.js';
import type { View } from '../view.js';
import { Latest } from '../latest.js';
import type { InspectingApi, LayerActivation, ModelInfo, TrainingStatus } from '../protocol.js';
import { onThemeChange } from '../theme_switch.js';
import { ActivationsPart } from './inside_activations.js';
import { signedColours } from './inside_colours.js';
import { FiltersPart } from './inside_filters.js';
import type { LayerPart } from './inside_kernel_rows.js';
import { KernelsPart } from './inside_kernels.js';
import { TuningPart } from './inside_tuning.js';

type Filters = Awaited<ReturnType<InspectingApi['filters']>>;
type KernelTable = Awaited<ReturnType<InspectingApi['kernels']>>;

/** Minimum interval between two requests for the same data. */
const restMs = 120;

export const insideView: View = (root, app) => {
  new Inside(root, app).start();
};

/** Queries the worker only while the section is visible, and refreshes everything when it becomes visible. */
class Inside {
  readonly #filtersPart = new FiltersPart();
  readonly #activationsPart: ActivationsPart;
  readonly #kernelsPart: KernelsPart;
  readonly #tuningPart: TuningPart;
  readonly #filtersWork = this.#work(() => this.#readFilters());
  readonly #activationsWork = this.#work((image: CurrentImage) => this.#compute(image));
  readonly #kernelsWork = this.#work(() => this.#listKernels());
  #isVisible = false;
  /** The inputs of what is shown. */
  #shown: { filters?: number | undefined; activations?: string | undefined; kernels?: string | undefined } =
    {};
  #filters: Filters | undefined;
  #activations: readonly LayerActivation[] = [];
  #partToShow: LayerPart | undefined;
  #imageCount = 0;

  constructor(
    private readonly root: HTMLElement,
    private readonly app: App,
  ) {
    this.#activationsPart = new ActivationsPart({ showKernel: (part) => this.#showKernel(part) });
    const measure = (): void => this.#kernelsWork.ask(undefined);
    this.#tuningPart = new TuningPart(app, measure);
    this.#kernelsPart = new KernelsPart(app, measure);
    root.append(
      this.#filtersPart.root,
      this.#activationsPart.root,
      this.#kernelsPart.root,
      this.#tuningPart.root,
    );
  }

  start(): void {
    const { state, image } = this.app;
    const look = (): void => this.#look();
    for (const store of [state.device, state.model, state.status]) store.listen(look);
    image.listen(() => {
      this.#imageCount++;
      this.#look();
    });
    onThemeChange(() => this.#redraw());
    const observer = new IntersectionObserver(
      (entries) => {
        this.#isVisible = entries.some(({ isIntersecting }) => isIntersecting);
        this.#look();
      },
      { rootMargin: '200px' },
    );
    observer.observe(this.root);
    this.#look();
  }

  /** Requests everything that is outdated. */
  #look(): void {
    const { device, model, status } = this.app.state;
    if (!this.#isVisible || !device.value || !model.value) return;
    if (this.#shown.filters !== model.value.version) {
      this.#shown.filters = model.value.version;
      this.#filtersWork.ask(undefined);
    }
    const missing = whyNoDevice(device.value.info !== null, status.value);
    this.#tuningPart.look(missing);
    if (missing) {
      this.#shown.activations = this.#shown.kernels = undefined;
      this.#activationsPart.say(`${missing}, so activations cannot be computed.`);
      this.#kernelsPart.say(`${missing}, so no kernels run.`);
      return;
    }
    this.#lookAtImage(model.value);
    this.#lookAtKernels(model.value, status.value);
  }

  #lookAtImage({ version, inputShape }: ModelInfo): void {
    const { value: image } = this.app.image;
    const size = inputShape.reduce((product, extent) => product * extent, 1);
    if (image?.input.length !== size) {
      this.#shown.activations = undefined;
      this.#activationsPart.say('Draw something above, or pick an image, to see what lights up.');
      return;
    }
    const key = `${version} ${this.#imageCount}`;
    if (this.#shown.activations === key) return;
    this.#shown.activations = key;
    this.#activationsWork.ask(image);
  }

  #lookAtKernels({ layers }: ModelInfo, status: TrainingStatus | null): void {
    // A training is about to start; its kernels follow.
    if (status?.phase === 'loading' || status?.phase === 'compiling') return;
    const isTraining = status?.phase === 'training' || status?.phase === 'paused';
    const architecture = layers.map(({ name, outputShape }) => `${name} ${outputShape.join()}`).join(' ');
    const key = `${architecture} ${isTraining ? JSON.stringify(status.settings) : ''}`;
    const { kernels: shown } = this.#shown;
    // Measurements of a training stay after it ends.
    const isKept =
      !isTraining && shown?.startsWith(architecture) && this.#kernelsPart.table?.of === 'training';
    if (shown === key || isKept) return;
    this.#shown.kernels = key;
    this.#kernelsWork.ask(undefined);
  }

  // ---- work ----

  /** Runs only the newest request, with a pause after each, and shows errors. */
  #work<Request>(work: (request: Request) => Promise<void>): Latest<Request> {
    return new Latest(async (request) => {
      await this.app.attempt('inside', () => work(request));
      await new Promise((resolve) => setTimeout(resolve, restMs));
    });
  }

  async #readFilters(): Promise<void> {
    this.#filters = await this.app.worker.inspecting.filters();
    this.#redrawFilters();
  }

  async #compute({ input }: CurrentImage): Promise<void> {
    this.#activations = await this.app.worker.inspecting.activations(input);
    this.#redrawActivations();
  }

  async #listKernels(): Promise<void> {
    const part = this.#kernelsPart;
    part.isBusy = true;
    if (!part.table) part.say('Measuring …');
    try {
      await this.#showKernels(await this.app.worker.inspecting.kernels());
    } catch (error) {
      part.say('The kernels could not be measured.', true);
      throw error;
    } finally {
      part.isBusy = false;
    }
  }

  async #showKernels(table: KernelTable): Promise<void> {
    const { device, model } = this.app.state;
    const part = this.#kernelsPart;
    if (table.rows.length === 0) {
      part.say('There is currently no device to run kernels on.');
      return;
    }
    const layers = (model.value?.layers ?? []).map(({ name }) => name);
    await part.show(table, { layers, hasTimestamps: device.value?.info?.hasTimestamps ?? false });
    const wanted = this.#partToShow;
    this.#partToShow = undefined;
    if (wanted) await part.showLayer(wanted);
  }

  #showKernel(part: LayerPart): void {
    // Not awaited: errors are shown.
    void this.app.attempt('inside', async () => {
      if (await this.#kernelsPart.showLayer(part)) return;
      this.#partToShow = part;
      this.#kernelsWork.ask(undefined);
    });
  }

  // ---- pictures ----

  #redraw(): void {
    if (this.#filters !== undefined) this.#redrawFilters();
    this.#redrawActivations();
  }

  #redrawFilters(): void {
    const none = this.app.state.model.value?.layers.some(({ className }) => className === 'Conv2D')
      ? 'The weights cannot be read, because the graphics device was lost.'
      : 'This model has no convolution, so it has no filters.';
    this.#filtersPart.show(this.#filters ?? null, none, signedColours());
  }

  #redrawActivations(): void {
    const classNames = this.app.state.model.value?.classNames ?? [];
    if (this.#activations.length > 0)
      this.#activationsPart.show(this.#activations, classNames, signedColours());
  }
}

/** Why there is no device, as the start of a sentence; undefined if there is one. */
function whyNoDevice(isThere: boolean, status: TrainingStatus | null): string | undefined {
  if (!isThere) return 'WebGPU is not available';
  return status?.phase === 'lost' ? 'The graphics device was lost' : undefined;
}
