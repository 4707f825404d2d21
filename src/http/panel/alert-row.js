/** One row of the list of alerts. */

import { seriesOf } from './alert-book.js';
import { isOpen } from './alert-filter.js';
import { duration, fixed, inFull, moment } from './format.js';
import { element } from './page.js';
import { measureOf, series, titleOf } from './series.js';
import { currentLanguage, ruleName, severityName, text } from './text.js';

/** @typedef {import('./alert-filter.js').Alert} Alert */

/** @param {Alert} alert */
export const measuredOf = (alert) => inFull(alert.value, measureOf(series.get(seriesOf(alert))));

/** Why it was raised, in the language of the page. @param {Alert} alert */
export function whyOf({ text: said }) {
  const sentence = said[currentLanguage() === 'en' ? 'en' : 'es'];
  // The server writes numbers as JSON does; the page shows them all in the way of the reader's region.
  return sentence.replace(/\d+(?:\.(\d+))?/g, (number, decimals = '') =>
    fixed(Number(number), decimals.length),
  );
}

/**
 * Fills a row.
 * @param {HTMLLIElement} item @param {Alert} alert
 * @param {{ repeats: number, unfolded: boolean, acknowledge: (alert: Alert) => void, unfold: () => void }} group
 */
export function fillRow(item, alert, { repeats, unfolded, acknowledge, unfold }) {
  const hadFocus = item.contains(document.activeElement);
  item.toggleAttribute('data-open', isOpen(alert));
  item.dataset.id = alert.id;
  const words = element('div', 'words');
  const head = element('p', 'line');
  const what = document.createElement('a');
  what.className = 'what';
  what.href = `#${seriesOf(alert)}@${alert.ts}`;
  what.textContent = titleOf(alert);
  const tag = element('span', 'tag', (isOpen(alert) ? '▲ ' : '') + text()[alert.state]);
  tag.toggleAttribute('data-open', isOpen(alert));
  head.append(what, tag);
  if (alert.severity) {
    const severity = element('span', 'tag severity', severityName(alert.severity));
    severity.dataset.severity = alert.severity;
    head.append(severity);
  }
  if (alert.muted) head.append(element('span', 'tag', text().muted));
  const lasted = element('span', 'lasted');
  if (isOpen(alert)) lasted.dataset.since = String(alert.ts);
  else if (alert.clearedTs !== null) lasted.textContent = text().lasted(duration(alert.clearedTs - alert.ts));
  const why = whyOf(alert);
  // For who wants to know more: a dialog.
  const sub = element('button', 'sub');
  sub.setAttribute('type', 'button');
  sub.append(lasted, ` · ${moment(alert.ts)} · ${why}`);
  sub.title = why;
  sub.addEventListener('click', async () => (await import('./operate/alert-details.js')).showDetails(alert));
  words.append(head, sub);
  item.replaceChildren(words);
  if (isOpen(alert)) item.append(alert.acknowledged ? doneMark() : acknowledgeButton(alert, acknowledge));
  if (repeats > 1) item.append(repeatsButton(alert, repeats, unfolded, unfold));
  if (hadFocus) what.focus();
}

function doneMark() {
  const done = element('span', 'done', '✓ ');
  done.append(element('span', 'word', text().acknowledged));
  return done;
}

/** @param {Alert} alert @param {(alert: Alert) => void} acknowledge */
function acknowledgeButton(alert, acknowledge) {
  const button = element('button', 'acknowledge', '✓ ');
  button.append(element('span', 'word', text().acknowledge));
  button.setAttribute('aria-label', text().ackOf(`${titleOf(alert)}, ${moment(alert.ts)}`));
  // Not disabled meanwhile: that would take the focus away. A second time does no harm.
  button.addEventListener('click', () => acknowledge(alert));
  return button;
}

/** @param {Alert} alert @param {number} repeats @param {boolean} unfolded @param {() => void} unfold */
function repeatsButton(alert, repeats, unfolded, unfold) {
  const button = element('button', 'repeats', `×${repeats}`);
  button.setAttribute('aria-expanded', String(unfolded));
  button.setAttribute('aria-label', text().repeatsOf(String(repeats), titleOf(alert), ruleName(alert.rule)));
  button.addEventListener('click', unfold);
  return button;
}
