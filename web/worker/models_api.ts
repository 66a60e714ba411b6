/** The page's calls that download, open and reset the current model, and its undo. */
import { ModelError } from '../../src/errors.js';
import { readSafetensors } from '../../src/nn/files/safetensors.js';
import type { ModelsApi, Settings, UndoName } from '../protocol.js';
import type { CurrentModel } from './current_model.js';
import type { ModelFactory } from './model_factory.js';
import { readModelFiles } from './models.js';
import { classMetadata, sessionIn } from './saved_session.js';
import type { SessionStore } from './session_store.js';
import type { Trainer } from './trainer.js';
import type { UndoHistory } from './undo.js';

export interface ModelsDeps {
  readonly current: CurrentModel;
  readonly factory: ModelFactory;
  readonly store: SessionStore;
  readonly trainer: Trainer;
  readonly undo: UndoHistory;
}

export class Models implements ModelsApi {
  constructor(private readonly deps: ModelsDeps) {
    deps.undo.own('model', async (bytes) => this.#exchange(bytes));
  }

  async download(): ReturnType<ModelsApi['download']> {
    const { current, trainer } = this.deps;
    const metadata = classMetadata(current.classNames);
    const bytes = await trainer.betweenSteps(async () => current.file({ metadata }));
    const { record } = trainer.state;
    const steps = record?.checkpoint?.position.step;
    const parts = [
      record?.settings.dataset,
      current.model.name,
      steps === undefined ? undefined : `${steps}-steps`,
    ];
    return { name: `${parts.filter(Boolean).join('-')}.safetensors`, bytes };
  }

  async open(files: readonly File[]): Promise<void> {
    const { factory, trainer } = this.deps;
    const { stored, file } = await readModelFiles(files);
    await trainer.inTurn(async () => {
      // First: a file without a model changes nothing.
      const candidate = await factory.ofFile(stored, file, 'opened');
      await this.#endAndKeep('open');
      await trainer.use({ candidate });
      await trainer.save();
    });
  }

  async reset(dataset: Settings['dataset']): Promise<void> {
    const { factory, store, trainer } = this.deps;
    await trainer.inTurn(async () => {
      await this.#endAndKeep('reset');
      const settings = (trainer.state.ownSettings = { ...trainer.state.ownSettings, dataset });
      await trainer.use({ candidate: await factory.builtIn(settings) });
      await store.clear();
    });
  }

  /** Ends the training, and adds it with its model to the undo history. */
  async #endAndKeep(what: UndoName): Promise<void> {
    const { trainer, undo } = this.deps;
    const { isWorthKeeping } = trainer;
    const before = await trainer.endAndSnapshot();
    if (isWorthKeeping) await undo.keep('model', what, before);
  }

  /** Restores model and training from a snapshot, and resolves with a snapshot of those that it replaced. */
  async #exchange(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const { factory, trainer } = this.deps;
    const stored = readSafetensors(bytes, 'the saved session');
    const found = sessionIn(stored);
    if (!found) throw new ModelError('it is damaged, or from another version of this page.');
    const present = await trainer.inTurn(async () => {
      // First: a damaged file changes nothing.
      const restored = await factory.ofSession(found.session, stored);
      const before = await trainer.endAndSnapshot();
      await trainer.use(restored);
      await trainer.save();
      return before;
    });
    // Not awaited: resuming a training compiles its kernels first.
    void trainer.resumeSaved();
    return present;
  }
}
