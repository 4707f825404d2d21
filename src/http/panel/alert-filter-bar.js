/** What a person sets to see only some of the alerts. */
import { addressOf } from './address.js';
import { keep, kept } from './kept.js';
import { at } from './page.js';
import { titleOf } from './series.js';
import { ruleName, severityName, text } from './text.js';

/**
 * @typedef {import('./alert-filter.js').Alert} Alert
 * @typedef {import('./alert-filter.js').Filter} Filter
 */

const HOUR = 3_600_000;
/** @type {Record<string, number>} the last so many ms */
const TIMES = { '1h': HOUR, '24h': 24 * HOUR, '7d': 7 * 24 * HOUR, '30d': 30 * 24 * HOUR };
const STATES = /** @type {const} */ (['open', 'cleared', 'all']);
const RULES = ['anomaly', 'min', 'max', 'rate', 'missing'];

const states = at('alert-states');
const search = /** @type {HTMLInputElement} */ (at('alert-search'));
const [rule, severity, time] = /** @type {HTMLSelectElement[]} */ ([
  at('alert-rule'),
  at('alert-severity'),
  at('alert-time'),
]);
/** @type {Filter['state']} */
let state = 'open';
/** The series of the chart, and whether only its alerts are listed. @type {{ sensor: string, metric: string } | undefined} */
let chosen;
let only = false;
let together = kept('together') !== 'no';
let told = () => {};

/** @param {() => void} listener told when another filter is set */
export function whenFiltered(listener) {
  told = listener;
}

/** @returns {Filter} */
export function alertFilter() {
  const span = TIMES[time?.value ?? ''];
  return {
    state,
    rule: rule?.value ?? '',
    severity: severity?.value ?? '',
    text: search.value.trim(),
    series: only ? (chosen ?? null) : null,
    from: span ? Date.now() - span : null,
    to: null,
  };
}

/** Whether repeats are one row. */
export const grouping = () => together;

/** @param {{ sensor: string, metric: string } | undefined} one the series of the chart @returns {boolean} whether the filter is another now */
export function filterFor(one) {
  chosen = one;
  if (!one) only = false;
  return only;
}

/** @param {URLSearchParams} query of the address */
export function setFilter(query) {
  const wanted = query.get('state');
  state = STATES.find((one) => one === wanted) ?? 'open';
  search.value = query.get('q') ?? '';
  fill(rule, [...RULES, query.get('rule') ?? ''], ruleName, text().anyRule);
  for (const [select, name] of /** @type {const} */ ([
    [rule, 'rule'],
    [time, 'time'],
  ]))
    if (select) select.value = query.get(name) ?? '';
  told();
}

/** Shows what is set, and what can be. @param {Alert[]} alerts all that are known */
export function showFilter(alerts) {
  for (const button of /** @type {Iterable<HTMLButtonElement>} */ (states.children)) {
    button.setAttribute('aria-pressed', String(button.value === state));
  }
  fill(rule, [...RULES, ...alerts.map((alert) => alert.rule)], ruleName, text().anyRule);
  const severities = alerts.flatMap((alert) => alert.severity ?? []);
  fill(severity, severities, severityName, text().anySeverity);
  if (severity) severity.hidden = severity.options.length < 2;
  fill(time, Object.keys(TIMES), (name) => text().times[/** @type {'1h'} */ (name)], text().anyTime);
  const filter = at('alerts-only');
  filter.hidden = !chosen;
  filter.title = chosen ? titleOf(chosen) : '';
  filter.setAttribute('aria-pressed', String(only));
  at('alerts-group').setAttribute('aria-pressed', String(together));
}

/**
 * @param {HTMLSelectElement | undefined} select @param {string[]} values @param {(value: string) => string} name
 * @param {string} any
 */
function fill(select, values, name, any) {
  if (!select) return;
  const wanted = ['', ...new Set(values.filter((value) => value !== ''))];
  const { value } = select;
  const labels = wanted.map((one) => (one === '' ? any : name(one)));
  const shown = [...select.options].map((option) => option.textContent);
  if (labels.join('\n') === shown.join('\n')) return;
  select.replaceChildren(...wanted.map((one, i) => new Option(labels[i], one)));
  select.value = wanted.includes(value) ? value : '';
}

function changed() {
  // Where the list is the whole view, its address names what is shown.
  if (document.documentElement.dataset.view === 'alerts') {
    const set = { state: state === 'open' ? null : state, q: search.value.trim() };
    const address = addressOf('/alerts', { ...set, rule: rule?.value, time: time?.value });
    history.replaceState(null, '', address);
  }
  told();
}

states.addEventListener('click', ({ target }) => {
  const { value } = /** @type {HTMLButtonElement} */ (target);
  state = STATES.find((one) => one === value) ?? state;
  changed();
});
search.addEventListener('input', changed);
for (const select of [rule, severity, time]) select?.addEventListener('change', changed);
at('alerts-only').addEventListener('click', () => {
  only = !only;
  changed();
});
at('alerts-group').addEventListener('click', () => {
  together = !together;
  keep('together', together ? 'yes' : 'no');
  changed();
});
