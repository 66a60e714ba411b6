/** Class counts, samples, and what augmentation and filters make of them. */
import type { View } from '../app.js';

export const dataView: View = () => {};
