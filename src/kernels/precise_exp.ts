/** Exponentials that are precise for every operand, where those of WGSL are not. */
import expWgsl from '../../shaders/floats/exp.wgsl';
import { registerShaders } from '../engine/shader.js';
import { nonFinite } from './elementwise.js';

registerShaders({ 'floats/exp': expWgsl });

/** The files of precise_exp, expm1_of, tanh_of and logistic_of. */
export const preciseExp = [...nonFinite, 'floats/exp'] as const;
