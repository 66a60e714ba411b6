/** Callbacks that need neither a terminal nor a PNG encoder, as `callbacks`. */
export { earlyStopping } from '../nn/callbacks/early_stopping.js';
export { learningRateScheduler } from '../nn/callbacks/learning_rate_scheduler.js';
export { modelCheckpoint } from '../nn/callbacks/model_checkpoint.js';
export { reduceLrOnPlateau } from '../nn/callbacks/reduce_lr_on_plateau.js';
export { swapEmaWeights } from '../nn/callbacks/swap_ema_weights.js';
export { terminateOnNaN } from '../nn/callbacks/terminate_on_nan.js';
export { csvLogger } from '../report/csv_log.js';
