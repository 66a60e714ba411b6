export { earlyStopping } from './early_stopping.js';
export { learningRateScheduler } from './learning_rate_scheduler.js';
export { modelCheckpoint } from './model_checkpoint.js';
export { reduceLrOnPlateau } from './reduce_lr_on_plateau.js';
export { swapEmaWeights } from './swap_ema_weights.js';
export { terminateOnNaN } from './terminate_on_nan.js';
export { warnOnDivergence } from './warn_on_divergence.js';
