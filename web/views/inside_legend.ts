/** Legend for signed numbers: a bar from blue to orange with the numbers at its ends. */
import { element } from '../elements.js';
import { valueWords } from './inside_words.js';

export interface Legend {
  readonly root: HTMLElement;
  /** From −`full` to `full`, or from 0 without negative values. */
  show(full: number, isSigned?: boolean): void;
}

export function legend(): Legend {
  const least = element('span');
  const most = element('span');
  const bar = element('span', { class: 'legend-bar' });
  const root = element('p', { class: 'legend' }, least, bar, most);
  return {
    root,
    show: (full, isSigned = true) => {
      least.textContent = isSigned ? valueWords(-full) : '0';
      most.textContent = valueWords(full);
      bar.classList.toggle('unsigned', !isSigned);
    },
  };
}
