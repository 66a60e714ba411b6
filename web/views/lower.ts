/** The views below Train, in one script: most visits begin without them. */
export { dataView } from './data.js';
export { evaluationView } from './evaluation.js';
export { insideView } from './inside.js';
