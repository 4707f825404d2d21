/** Puts the panel together: reads, follows the live stream, and minds language, theme, token and the address. */

import { readAddress } from './address.js';
import { setFilter } from './alert-filter-bar.js';
import { alertsFor, dropAlerts, readAlerts, showAlerts, takeAlert } from './alert-list.js';
import {
  chosenKey,
  chosenKeys,
  describe,
  redrawChart,
  reload,
  showSeries,
  takeChartReading,
  takeMark,
  toggleSeries,
} from './chart.js';
import { relabelDevices, showDevices } from './device-list.js';
import { number } from './format.js';
import { keep } from './kept.js';
import { at } from './page.js';
import { dropSeries, keyOf, readSeries, series, takeReading, takeState } from './series.js';
import { call, follow } from './server.js';
import { readSession } from './session.js';
import { currentLanguage, showTexts, text, useLanguage } from './text.js';
import { showView } from './views.js';

const STATUS_MS = 5000;

/** @type {'connecting' | 'on' | 'off'} */
let live = 'connecting';
/** @type {import('../panel-types.ts').Status | null} */
let status = null;

/** @param {typeof live} now */
function showLive(now) {
  live = now;
  at('live').dataset.live = now;
  at('live-text').textContent = text()[now];
}

function showStatus() {
  if (at('visits').textContent === 'unknown') at('visits').textContent = text().unknown;
  if (!status) return;
  const counts = Object.fromEntries(Object.entries(status.readings).map(([name, n]) => [name, number(n)]));
  at('accounting').textContent = text().accounting(counts);
  at('program').textContent = text().program(status.version, status.store);
}

async function readStatus() {
  if (document.hidden || live !== 'on') return;
  try {
    const answer = await call('GET /api/status');
    status = answer;
    at('hostname').textContent = answer.hostname;
    showStatus();
  } catch {
    // The live stream tells whether the server is there.
  }
}

/** Goes to what the address names: a view, or a series and a moment. Without a series it is the first. */
function goToAddress() {
  const { view, keys, moment, query } = readAddress(location.hash);
  showView(view);
  if (view === 'alerts') setFilter(query);
  if (keys.length === 0 && chosenKey() !== '') return;
  const first = firstKey();
  const chosen = keys.length === 0 && first ? [first] : keys.filter((key) => series.has(key));
  if (keys.length === 0 && chosen.length === 0) return;
  showSeries(chosen, { moment, ...(keys.length > 0 && { query }) });
  alertsFor(series.get(chosenKey()));
  if (keys.length > 0) at('detail').scrollIntoView({ block: 'nearest' });
}

/** One in alarm, else the first of the list, which gets its rows a moment later than the series come. */
function firstKey() {
  const rows = [...document.querySelectorAll('#rows li')].map(
    (row) => /** @type {HTMLElement} */ (row).dataset.key ?? '',
  );
  return rows.find((key) => series.get(key)?.state === 'alarm') ?? rows[0] ?? [...series.keys()][0];
}

/** @param {string} key of a series that somebody has deleted */
function drop(key) {
  dropSeries(key);
  dropAlerts(key);
  if (!chosenKeys().includes(key)) return;
  if (chosenKeys().length > 1) toggleSeries(key);
  else showSeries([]);
  alertsFor(series.get(chosenKey()));
}

function relabel() {
  showView(readAddress(location.hash).view);
  showLive(live);
  showStatus();
  relabelDevices();
  showAlerts({ anew: true });
  redrawChart();
}

const language = /** @type {HTMLSelectElement} */ (at('language'));
language.value = currentLanguage();
language.addEventListener('change', async () => {
  keep('language', language.value);
  await useLanguage(language.value);
  relabel();
});

const theme = at('theme');
const showThemeButton = () =>
  theme.setAttribute('aria-pressed', String(document.documentElement.dataset.theme === 'dark'));
theme.addEventListener('click', () => {
  const chosen = document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark';
  keep('theme', chosen);
  document.documentElement.dataset.theme = chosen;
});
new MutationObserver(() => {
  showThemeButton();
  redrawChart();
}).observe(document.documentElement, { attributeFilter: ['data-theme'] });
showThemeButton();

showTexts();
showLive('connecting');
showView(readAddress(location.hash).view);
showAlerts();
redrawChart();
// The address stays with the series.
/** @type {HTMLElement} */ (document.querySelector('.skip')).addEventListener('click', (event) => {
  event.preventDefault();
  at('chart-title').focus();
});
addEventListener('hashchange', goToAddress);
// Few store values by hand: the script is read with the first.
at('entry').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { submitter } = /** @type {SubmitEvent} */ (event);
  try {
    (await import('./entry.js')).store(submitter);
  } catch {
    at('entry-result').textContent = text().failed;
  }
});
/** Whether a click on a series puts it beside the others. */
const adding = () => at('compare').getAttribute('aria-pressed') === 'true';
at('compare').addEventListener('click', () => {
  at('compare').setAttribute('aria-pressed', String(!adding()));
  // On a phone the list is another view.
  if (adding() && at('rows').clientHeight === 0) location.hash = '#/overview';
});
at('rows').addEventListener('click', (event) => {
  const { key } =
    /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest('a')?.parentElement)
      ?.dataset ?? {};
  if (key === undefined || !(adding() || event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  toggleSeries(key);
});
showDevices(() => {
  redrawChart();
  showAlerts({ anew: true });
});
setInterval(readStatus, STATUS_MS);
document.addEventListener('visibilitychange', readStatus);

void follow({
  async connected() {
    await Promise.all([readSeries(), readAlerts(true)]);
    showLive('on');
    void readSession().catch(() => {});
    if (chosenKey() === '') goToAddress();
    else void reload();
    await readStatus();
  },
  lost: () => showLive('off'),
  event({ name, data }) {
    const key = keyOf(data.sensor, data.metric);
    if (name === 'alert') {
      takeAlert(data);
      takeMark(key, data);
      return;
    }
    if (name === 'state') {
      if (data.state === 'deleted') drop(key);
      else {
        takeState(key, data.state);
        if (chosenKeys().includes(key)) describe();
      }
      return;
    }
    takeReading(data);
    if (chosenKey() === '') goToAddress();
    takeChartReading(key, data);
  },
});
