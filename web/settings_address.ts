/** Keeps the page's URL and its settings in sync. */
import type { Settings } from './protocol.js';
import { queryOf, settingsOf } from './settings_query.js';
import type { Store } from './store.js';

/**
 * Writes changed settings to the URL, without a new history entry. When the user navigates back or forward to a URL with
 * other settings, reads them; `note` receives a sentence for each that is invalid.
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
