/** Settings, train, pause, step, stop, resume; curves and figures of the training under way. */
import type { View } from '../app.js';

export const trainingView: View = () => {};
