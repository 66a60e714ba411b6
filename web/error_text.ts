/** What went wrong, in words for people; names of files in it may hold anything. */
import { visibleText } from '../src/visible_text.js';

export function textOf(error: unknown): string {
  return visibleText(error instanceof Error ? error.message : String(error));
}
