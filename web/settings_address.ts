/** The page's address and its settings say the same. */
import type { Settings } from './protocol.js';
import { queryOf, settingsOf } from './settings_query.js';
import type { Store } from './store.js';

/**
 * What is set goes to the address, without a new entry in the history; where the reader goes back or forward to an
 * address with other settings, these are taken, and `note` hears what of them is wrong.
 */
export function keepInAddress(settings: Store<Settings>, note: (text: string) => void): void {
  settings.listen((value) => {
    const { pathname, search, hash } = location;
    const query = queryOf(value, search);
    if (query !== search) history.replaceState(history.state, '', `${pathname}${query}${hash}`);
  });
  addEventListener('popstate', () => {
    const found = settingsOf(location.search);
    if (queryOf(found.settings) === queryOf(settings.value)) return;
    found.notes.forEach(note);
    settings.set(found.settings);
  });
}
