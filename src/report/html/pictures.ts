/** Images of a set as a wrapping list, each with its classes as text. */
import { type EncodePng, boxFor, dataAddress, fitInto } from '../charts/picture.js';
import { type GridImage, sureness, words } from '../charts/prediction_grid.js';
import { escape } from '../charts/svg.js';

export function pictureList(images: readonly GridImage[], encode: EncodePng): string {
  return `<ul class="pixels">${images.map((image) => item(image, encode)).join('\n')}</ul>`;
}

function item(image: GridImage, encode: EncodePng): string {
  const { picture, truth, guess } = image;
  const { width, height } = fitInto(picture, boxFor(picture));
  const img = `<img src="${dataAddress(picture, encode)}" width="${Math.round(width)}" height="${Math.round(height)}" alt="${escape(words(image))}">`;
  if (guess === undefined) return `<li>${img}${escape(truth)}</li>`;
  const isWrong = guess.name !== truth;
  return `<li${isWrong ? ' class="wrong"' : ''}>${img}<span class="guess">${isWrong ? '✗' : '✓'} ${escape(guess.name)}</span>true: <span class="name">${escape(truth)}</span><span class="sure">${sureness(guess.confidence)} sure</span></li>`;
}
