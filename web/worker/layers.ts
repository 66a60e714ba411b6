/** The layers that models of files are made of. */
import { isRegisteredActivation, registerActivations } from '../../src/nn/layers/activation_registry.js';
// From their own modules: the index of all layers belongs to the script of all layers.
import { plainConv2d } from '../../src/nn/layers/conv2d.js';
import { dense } from '../../src/nn/layers/dense.js';
import { dropout } from '../../src/nn/layers/dropout.js';
import { flatten } from '../../src/nn/layers/flatten.js';
import { maxPooling2d } from '../../src/nn/layers/max_pooling2d.js';
import { isRegistered, registerLayers } from '../../src/nn/layers/registry.js';
import { parameterExtensions } from '../../src/nn/parameters/parameter_options.js';
import { hasParameterOptions, namesIn } from '../../src/nn/files/network_json.js';
import type { StoredTensors } from '../../src/nn/files/safetensors.js';
import { descriptionIn } from '../../src/nn/files/weights_file.js';
import { fetchScript } from './fetch_script.js';

// The layers of the built-in models, registered at every visit. The others are fetched with the first file that names one.
registerLayers({
  Conv2D: plainConv2d,
  Dense: dense,
  Dropout: dropout,
  Flatten: flatten,
  MaxPooling2D: maxPooling2d,
});

/**
 * Registers the layers and activations of the model in a file. `Model.fromJson` refuses classes that do not exist.
 *
 * Throws: FileError when their script cannot be fetched; ModelError for a file without a description.
 */
export async function loadLayers(stored: StoredTensors, file: string): Promise<void> {
  const description = descriptionIn(stored, file);
  const named = namesIn(description);
  const isComplete =
    named.classes.every(isRegistered) &&
    named.activations.every(isRegisteredActivation) &&
    !namesGroups(description) &&
    !hasParameterOptions(description);
  if (isComplete) return;
  const { activations, layerClasses, allParameterOptions } = await fetchScript(
    async () => import('./all_layers.js'),
  );
  registerLayers(layerClasses);
  registerActivations(activations);
  parameterExtensions.provide(allParameterOptions);
}

/** Whether a convolution may have options that `plainConv2d` refuses. */
const namesGroups = (description: unknown): boolean =>
  /"(dilationRate|groups)"/.test(JSON.stringify(description));
