/** What the page says: notes at its edge, and the same words for screen readers, not more often than can be listened to. */
import type { App } from './app.js';

type Level = 'info' | 'warning' | 'error';

/** How long a note that asks for nothing stays. Longer texts take longer to read. */
const stayMs = (text: string): number => 5_000 + 50 * text.length;
/** Between two announcements; of what comes meanwhile only the last is worth hearing. */
const quietMs = 1_500;
const mostNotes = 4;

/**
 * Notes appear in `root`. `spoken` is a live region of role status, `spokenAtOnce` of role alert.
 * The same text twice is one note.
 */
export function installNotes(root: HTMLElement, spoken: HTMLElement, spokenAtOnce: HTMLElement): App['say'] {
  const announce = throttled((text) => {
    spoken.textContent = text;
  });
  return (text, level = 'info') => {
    if (level === 'error') spokenAtOnce.textContent = text;
    else announce(text);
    for (const note of root.children) {
      if (note.firstElementChild?.textContent === text) note.remove();
    }
    const note = noteOf(text, level);
    root.append(note);
    while (root.childElementCount > mostNotes) root.firstElementChild?.remove();
    if (level !== 'error') leaveLater(note, stayMs(text));
  };
}

function noteOf(text: string, level: Level): HTMLElement {
  const note = document.createElement('div');
  note.className = 'note';
  note.dataset['level'] = level;
  const words = document.createElement('p');
  words.textContent = text;
  const close = document.createElement('button');
  close.type = 'button';
  close.className = 'button quiet small';
  close.textContent = 'Close';
  close.addEventListener('click', () => note.remove());
  note.append(words, close);
  return note;
}

/** Not while somebody reads it: the pointer on it, or the keyboard in it, holds it. */
function leaveLater(note: HTMLElement, ms: number): void {
  setTimeout(() => {
    if (note.matches(':hover, :focus-within')) leaveLater(note, ms);
    else note.remove();
  }, ms);
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
