/**
 * The ops that layers can take as their `activation` by these names: an export here is also `ops.<name>` of the library. Besides, what
 * a program passes as a function needs no name.
 */
export { celu, elu, selu } from './elu.js';
export { tanh } from './exponentials.js';
export { gelu } from './gelu.js';
export { hardSigmoid, hardSwish, hardTanh, relu6 } from './hard_activations.js';
export { leakyRelu } from './leaky_relu.js';
export { relu } from './relu.js';
export { sigmoid } from './sigmoid.js';
export { mish, silu } from './silu.js';
export { softmax } from './softmax_over.js';
export { logSigmoid, softplus, softsign } from './softplus.js';
