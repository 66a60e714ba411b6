/** The optimizers as users have them, as `optimizers`. */
export * from '../nn/optimizers/index.js';
export { optimizerFromConfig as fromConfig } from '../nn/optimizers/from_config.js';
