/** What the page says: notes at its edge, and the same words for screen readers, not more often than can be listened to. */
import type { App, Cause } from './app.js';
import { element } from './elements.js';

/** How long a note that asks for nothing stays. Longer texts take longer to read. */
const stayMs = (text: string): number => 5_000 + 50 * text.length;
/** Between two announcements; of what comes meanwhile only the last is worth hearing. */
const quietMs = 1_500;
const mostNotes = 4;

/**
 * Notes appear in `root`. `spoken` is a live region of role status, `spokenAtOnce` of role alert: both keep a text no longer
 * than its note. The same text twice is one note, and so are two errors of one cause, which stay until it is settled.
 */
export function installNotes(
  root: HTMLElement,
  spoken: HTMLElement,
  spokenAtOnce: HTMLElement,
): Pick<App, 'say' | 'settle'> {
  const announce = throttled((text) => {
    spoken.textContent = text;
  });
  const remove = (note: HTMLElement): void => {
    const text = textIn(note);
    note.remove();
    for (const region of [spoken, spokenAtOnce]) if (region.textContent === text) region.textContent = '';
  };
  const removeWhere = (is: (note: HTMLElement) => boolean): void => {
    for (const note of [...root.children] as HTMLElement[]) if (is(note)) remove(note);
  };
  /** Not while it is being read: the pointer on it, or the keyboard in it, holds it. */
  const removeLater = (note: HTMLElement, ms: number): void =>
    void setTimeout(() => {
      if (note.matches(':hover, :focus-within')) removeLater(note, ms);
      else remove(note);
    }, ms);

  const settle = (cause: Cause): void => removeWhere((note) => note.dataset['cause'] === cause);
  return {
    settle,
    say: (text, level = 'info', cause) => {
      if (cause && level === 'error') settle(cause);
      removeWhere((note) => textIn(note) === text);
      if (level === 'error') spokenAtOnce.textContent = text;
      else announce(text);
      const close = element('button', { type: 'button', class: 'button quiet small' }, 'Close');
      const note = element(
        'div',
        { class: 'note', 'data-level': level, 'data-cause': cause },
        element('p', {}, text),
        close,
      );
      close.addEventListener('click', () => remove(note));
      root.append(note);
      while (root.childElementCount > mostNotes) remove(root.firstElementChild as HTMLElement);
      if (level !== 'error') removeLater(note, stayMs(text));
    },
  };
}

function textIn(note: HTMLElement): string | null | undefined {
  return note.firstElementChild?.textContent;
}

function throttled(speak: (text: string) => void): (text: string) => void {
  let waiting: string | undefined;
  let isQuiet = false;
  const next = (): void => {
    isQuiet = waiting !== undefined;
    if (waiting === undefined) return;
    speak(waiting);
    waiting = undefined;
    setTimeout(next, quietMs);
  };
  return (text) => {
    waiting = text;
    if (!isQuiet) next();
  };
}
