/** Shader functions that are precise for every operand, where those of WGSL are not. */
import expWgsl from '../../shaders/floats/exp.wgsl';
import logWgsl from '../../shaders/floats/log.wgsl';
import { registerShaders } from '../engine/shader.js';
import { nonFinite } from './elementwise.js';

registerShaders({ 'floats/exp': expWgsl, 'floats/log': logWgsl });

/** precise_exp, expm1_of, tanh_of, logistic_of. */
export const preciseExp = [...nonFinite, 'floats/exp'] as const;
/** precise_log, log1p_of. */
export const preciseLog = [...nonFinite, 'floats/log'] as const;
