/** How many alerts are open, where the page is not in sight: in its title, and by a notification where that is wanted. */
import { openCount, seriesOf } from './alert-book.js';
import { number } from './format.js';
import { keep, kept } from './kept.js';
import { at } from './page.js';
import { text } from './text.js';

const button = at('notify');
const possible = 'Notification' in window;
let wanted = kept('notify') === 'yes';

const allowed = () => possible && Notification.permission === 'granted';

/**
 * Shows how many are open, and tells of one that has just opened.
 * @param {string} [news] @param {import('./alert-filter.js').Alert} [alert] whose chart the notification opens
 */
export function tellOpen(news, alert) {
  const open = openCount();
  document.title = open > 0 ? `(${number(open)}) Vigía` : 'Vigía';
  at('nav-open').textContent = open > 0 ? number(open) : '';
  button.hidden = !possible || Notification.permission === 'denied';
  button.setAttribute('aria-pressed', String(wanted && allowed()));
  if (news === undefined || !alert || !wanted || !allowed() || !document.hidden) return;
  // One for all: the newest takes the place of the one before.
  const options = { body: text().openCount(number(open)), tag: 'vigia', icon: '/panel/icon.svg' };
  try {
    const notification = new Notification(news, options);
    notification.onclick = () => {
      window.focus();
      location.hash = `#${seriesOf(alert)}@${alert.ts}`;
    };
  } catch {
    // Browsers of phones leave notifications to service workers, which the panel has none of.
  }
}

button.addEventListener('click', async () => {
  wanted = !(wanted && allowed());
  if (wanted && !allowed()) wanted = (await Notification.requestPermission()) === 'granted';
  keep('notify', wanted ? 'yes' : 'no');
  tellOpen();
});
