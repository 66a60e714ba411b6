/** Confusion matrix, mistakes, figures per class. */
import type { View } from '../app.js';

export const evaluationView: View = () => {};
