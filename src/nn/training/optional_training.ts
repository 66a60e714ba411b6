/** `fit`, which optimizers provide: a bundle that only predicts does without. */
import { part } from '../part.js';
import type { train } from './training.js';

export const training = part<typeof train>('fit: training', 'an optimizer of the library');
