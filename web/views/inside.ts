/** First-layer filters, activations, the kernels and their WGSL. */
import type { View } from '../app.js';

export const insideView: View = () => {};
