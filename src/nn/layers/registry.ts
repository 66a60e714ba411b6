/**
 * Makes layers from their descriptions in files. Layer classes must be registered first, so that a bundle contains only the
 * layers that it uses.
 */
import { ModelError } from '../../errors.js';
import type { Layer } from './layer.js';

/** Makes a layer from its config. It must validate every option, because a file may contain anything. */
export type LayerMaker = (config: never) => Layer;

const makers = new Map<string, LayerMaker>();

/** Registers layer classes by the `className` of their layers. */
export function registerLayers(classes: Readonly<Record<string, LayerMaker>>): void {
  for (const [className, make] of Object.entries(classes)) makers.set(className, make);
}

export function isRegistered(className: string): boolean {
  return makers.has(className);
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
