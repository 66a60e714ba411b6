export { earlyStopping } from './early_stopping.js';
export { modelCheckpoint } from './model_checkpoint.js';
export { reduceLrOnPlateau } from './reduce_lr_on_plateau.js';
