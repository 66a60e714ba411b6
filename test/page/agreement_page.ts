/** What Chromium runs of agreement.test.ts. */
export { open } from '../../src/browser/open.js';
export { saveAgain, train } from './agreement_training.js';
