/** The part of agreement.test.ts that runs in Chromium. */
export { open } from '../../src/browser/open.js';
export { saveAgain, train } from './agreement_training.js';
