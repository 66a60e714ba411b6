/**
 * How layers are made again from what a file says of them. A class is known once a program has registered it, so a bundle
 * holds only the layers that it uses.
 */
import { ModelError } from '../../errors.js';
import type { Layer } from './layer.js';

/** Makes a layer from its config, checking every option: a file may hold anything. */
export type LayerMaker = (config: never) => Layer;

const makers = new Map<string, LayerMaker>();

/** Makes classes known by the names that `className` of their layers has. */
export function registerLayers(classes: Readonly<Record<string, LayerMaker>>): void {
  for (const [className, make] of Object.entries(classes)) makers.set(className, make);
}

/** Throws: ModelError for a class that is not registered. */
export function layerFromConfig(className: string, config: object): Layer {
  const make = makers.get(className);
  if (!make)
    throw new ModelError(
      `model: layer class '${className}' is unknown, expected one of ${[...makers.keys()].sort().join(', ')}.`,
    );
  return make(config as never);
}
