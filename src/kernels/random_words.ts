/** The random words of an element in this step, in WGSL: a hash of (seed, stream, step, element). */
import pcg4dWgsl from '../../shaders/random/pcg4d.wgsl';
import { registerShaders } from '../engine/shader.js';
import { stateWords } from './step_state.js';

registerShaders({ 'random/pcg4d': pcg4dWgsl });

export type RandomStream = {
  /** Distinguishes the layers; see layerStream in src/random.ts. */
  readonly stream: number;
  /** Elements per sample if the tensor is a micro-batch, which has its part of the numbers of the whole batch; otherwise 0. */
  readonly perSample: number;
};

/** A `vec4u` for the element of this index; `state` is the step's state. */
export function randomWords(state: string, { stream, perSample }: RandomStream, index: string): string {
  const word = (name: keyof typeof stateWords): string => `${state}[${stateWords[name]}]`;
  const before = `(${word('cursor')} - ${word('batchStart')}) * ${perSample}u`;
  const element = perSample > 0 ? `${index} + ${before}` : index;
  return `pcg4d(vec4u(${word('seed')}, ${stream}u, ${word('step')}, ${element}))`;
}
