/** An error's message to display. Its control characters are made visible, since file names in it can contain any. */
import { visibleText } from '../src/visible_text.js';

export function textOf(error: unknown): string {
  return visibleText(error instanceof Error ? error.message : String(error));
}
