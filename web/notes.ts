/** Notes at the page's edge. Live regions repeat them for screen readers, no faster than people can listen. */
import type { App, Cause } from './app.js';
import { element } from './elements.js';

/** How long a note that is not an error stays. Longer texts take longer to read. */
const stayMs = (text: string): number => 5_000 + 50 * text.length;
/** The pause between two announcements. If several notes arrive in it, only the last one is announced. */
const quietMs = 1_500;
const mostNotes = 4;

/**
 * Notes appear in `root`. `spoken` is a live region with role status, `spokenAtOnce` one with role alert; both drop a text
 * when its note is removed. A repeated text replaces its note. An error replaces the earlier error with the same cause, and
 * stays until the cause is settled.
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
  /** A note that is hovered or focused stays, since someone is reading it. */
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
