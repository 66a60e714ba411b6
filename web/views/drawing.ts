/** The pad, what the network sees of it, and the ten probabilities. */
import type { View } from '../app.js';

export const drawingView: View = () => {};
