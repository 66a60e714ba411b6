/** Names for the nodes of a network. */
import type { Layer } from '../layers/layer.js';

/** One use of a layer; if the layer was used before, `sharedWith` is the name of its first use. */
export interface NamedUse {
  readonly name: string;
  readonly layer: Layer;
  readonly sharedWith: string | undefined;
}

/** The layers with the names of their nodes: given names, otherwise as in Keras conv2d, conv2d_1, … */
export function namedUses(layers: readonly Layer[]): NamedUse[] {
  const counts = new Map<string, number>();
  const first = new Map<Layer, string>();
  const taken = new Set(layers.flatMap(({ name }) => name ?? []));
  return layers.map((layer) => {
    const stem = stemOf(layer);
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    const sharedWith = first.get(layer);
    if (layer.name !== undefined) {
      const name = sharedWith === undefined ? layer.name : freeName(layer.name, taken);
      first.set(layer, sharedWith ?? name);
      taken.add(name);
      return { name, layer, sharedWith };
    }
    const name = count === 0 ? stem : `${stem}_${count}`;
    if (sharedWith === undefined) first.set(layer, name);
    return { name, layer, sharedWith };
  });
}

/** The default name for layers of a class, as in Keras: `Conv2DTranspose` → `conv2d_transpose`. */
export function stemOf({ className }: Layer): string {
  return className.replaceAll(/(?<=[a-z])(?=[A-Z])|\B(?=[A-Z][a-z])/g, '_').toLowerCase();
}

/** `stem`, or the first free name of stem_1, stem_2, … */
export function freeName(stem: string, taken: ReadonlySet<string>): string {
  let name = stem;
  for (let i = 1; taken.has(name); i++) name = `${stem}_${i}`;
  return name;
}
