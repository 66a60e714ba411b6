/** The views below Train, in one script that is not needed at the start of a visit. */
export { dataView } from './data.js';
export { evaluationView } from './evaluation.js';
export { insideView } from './inside.js';
