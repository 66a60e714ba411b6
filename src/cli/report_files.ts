/** Reads the files of a run folder for a report. Needs no device. */
import path from 'node:path';
import { sizeOf } from '../engine/primitive.js';
import { FileError, ModelError } from '../errors.js';
import type { Folder } from '../folder.js';
import { parseJson } from '../json_reader.js';
import { layerClasses } from '../nn/layers/class_names.js';
import { parameterExtensions } from '../nn/parameters/parameter_options.js';
import { registerLayers } from '../nn/layers/registry.js';
import { allParameterOptions } from '../nn/parameters/parameter_extensions.js';
import { Model } from '../nn/model.js';
import { evaluationFromJson } from '../report/evaluation_file.js';
import { historyFromJson } from '../report/history.js';
import type { LayerRow, RunReport } from '../report/html/run_report.js';
import { runFromJson } from '../report/run_record.js';
import { refusePending } from './pending_run.js';

// A run may be of a model with any layer.
registerLayers(layerClasses);
parameterExtensions.provide(allParameterOptions);

/**
 * Reads run.json, and history.json, model.json and evaluation.json if they exist.
 *
 * Throws: FileError if the folder holds no run; DataError or ModelError if a file is damaged.
 */
export async function readReport(folder: Folder): Promise<RunReport> {
  await refusePending(folder);
  const read = async (name: string): Promise<Uint8Array | undefined> => {
    try {
      return await folder.read(name);
    } catch (cause) {
      if (cause instanceof FileError && (cause.problem === 'missing' || cause.problem === 'not-a-folder'))
        return undefined;
      throw cause;
    }
  };
  const at = (name: string): string => path.join(folder.path, name);
  const run = await read('run.json');
  if (run === undefined) {
    throw new FileError(
      `report: ${folder.path} holds no run (there is no run.json in it); name a folder that 'npm run train' wrote.`,
      { problem: 'missing' },
    );
  }
  const [history, model, evaluation] = [
    await read('history.json'),
    await read('model.json'),
    await read('evaluation.json'),
  ];
  return {
    name: path.basename(path.resolve(folder.path)),
    run: runFromJson(run, at('run.json')),
    history:
      history === undefined ? { epochs: [], metrics: {} } : historyFromJson(history, at('history.json')),
    evaluation: evaluation === undefined ? {} : evaluationFromJson(evaluation, at('evaluation.json')),
    ...(model === undefined ? {} : { layers: layersOf(model, at('model.json')) }),
  };
}

/** The rows of the layer table. Throws: ModelError if the description is damaged in any way. */
function layersOf(bytes: Uint8Array, file: string): LayerRow[] {
  try {
    const json = parseJson(bytes, (what, cause) => new ModelError(what, { cause }));
    return Model.fromJson(json).layers.map(({ layer, name, outputShape, parameters }) => ({
      name,
      className: layer.className,
      outputShape,
      parameterCount: parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
    }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ModelError(`${file}: damaged: ${reason.replace(/\.$/, '')}. Train the run again.`, { cause });
  }
}
