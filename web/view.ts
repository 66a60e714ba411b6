/** A section of the page. */
import type { App } from './app.js';

/** Builds a section inside `root`, its element in index.html. Never throws: errors are shown as notes. */
export type View = (root: HTMLElement, app: App) => void;
