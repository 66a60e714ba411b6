import type { Model } from '../../src/nn/model.js';

/** A model's weights as text: the same text for the same bits only. */
export async function weightBits(model: Model): Promise<string> {
  const weights = await model.weights();
  const bits = [...weights].map(([name, values]) => {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    return `${name} ${words.join()}`;
  });
  return bits.join('\n');
}
