/** Logarithms that are precise for every operand, where that of WGSL is not. */
import logWgsl from '../../shaders/floats/log.wgsl';
import { registerShaders } from '../engine/shader.js';
import { nonFinite } from './elementwise.js';

registerShaders({ 'floats/log': logWgsl });

/** The files of precise_log and log1p_of. */
export const preciseLog = [...nonFinite, 'floats/log'] as const;
