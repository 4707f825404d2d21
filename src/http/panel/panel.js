/** Puts the panel together: reads, follows the live stream, and minds language, theme, token and the address. */

import { alertsFor, dropAlerts, readAlerts, showAlerts, takeAlert } from './alerts.js';
import { chosenKey, describe, redrawChart, reload, showSeries, takeChartReading, takeMark } from './chart.js';
import './entry.js';
import { number } from './format.js';
import { keep, kept } from './kept.js';
import { at } from './page.js';
import { relabelSensors, showSensors } from './sensors.js';
import { dropSeries, keyOf, readSeries, series, takeReading, takeState } from './series.js';
import { call, follow, onToken } from './server.js';
import { currentLanguage, showTexts, text, useLanguage } from './text.js';

/** So many ms since 1970: what the address may name as a moment. */
const MOMENT = /^\d{1,16}$/;
const STATUS_MS = 5000;

/** @type {'connecting' | 'on' | 'off'} */
let live = 'connecting';
/** @type {import('../panel-types.ts').Status | null} */
let status = null;
/** Whether a person has chosen a series: then a small screen goes to the chart. */
let browsing = false;

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

/** The series and the moment in the address (`#sensor/metric@ms`), else the first series. */
function chooseFromAddress() {
  const [wanted = '', moment] = location.hash.slice(1).split('@');
  // A place in the page is no series.
  if (!wanted.includes('/') && chosenKey() !== '') return;
  const key = series.has(wanted) ? wanted : wanted.includes('/') ? '' : (firstKey() ?? '');
  if (key === '' && chosenKey() === '') return;
  showSeries(key, MOMENT.test(moment ?? '') ? Number(moment) : null);
  alertsFor(key);
  const block = matchMedia('(max-width: 48rem)').matches ? 'start' : 'nearest';
  if (browsing) at('detail').scrollIntoView({ block });
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
  if (key !== chosenKey()) return;
  showSeries('');
  alertsFor('');
}

function relabel() {
  showLive(live);
  showStatus();
  relabelSensors();
  showAlerts(true);
  redrawChart();
}

const language = /** @type {HTMLSelectElement} */ (at('language'));
language.value = currentLanguage();
language.addEventListener('change', () => {
  keep('language', language.value);
  useLanguage(language.value);
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

const tokenDialog = /** @type {HTMLDialogElement} */ (at('token'));
const tokenInput = /** @type {HTMLInputElement} */ (at('token-value'));
let tokenTried = kept('token', true) !== null;
onToken(
  () =>
    new Promise((resolve) => {
      at('token-error').textContent = tokenTried ? text().tokenWrong : '';
      tokenInput.value = '';
      tokenDialog.showModal();
      // Not on submit, which closes the dialog that the next try may have opened by then.
      tokenDialog.onclose = () => {
        tokenTried = true;
        const token = tokenInput.value.trim();
        // Nothing can be shown without one.
        if (token === '') tokenDialog.showModal();
        else resolve(token);
      };
    }),
);

showTexts();
showLive('connecting');
redrawChart();
// The address stays with the series.
/** @type {HTMLElement} */ (document.querySelector('.skip')).addEventListener('click', (event) => {
  event.preventDefault();
  at('chart-title').focus();
});
addEventListener('hashchange', () => {
  browsing = true;
  chooseFromAddress();
});
showSensors(() => {
  redrawChart();
  showAlerts(true);
});
setInterval(readStatus, STATUS_MS);
document.addEventListener('visibilitychange', readStatus);

void follow({
  async connected() {
    await Promise.all([readSeries(), readAlerts(true)]);
    showLive('on');
    if (chosenKey() === '') chooseFromAddress();
    else void reload();
    await readStatus();
  },
  lost: () => showLive('off'),
  event({ name, data }) {
    const key = keyOf(data.sensor, data.metric);
    if (name === 'alert') {
      takeAlert(data);
      if (key === chosenKey()) takeMark(data);
      return;
    }
    if (name === 'state') {
      if (data.state === 'deleted') drop(key);
      else {
        takeState(key, data.state);
        if (key === chosenKey()) describe();
      }
      return;
    }
    takeReading(data);
    if (chosenKey() === '') chooseFromAddress();
    if (key === chosenKey()) takeChartReading(data);
  },
});
