/** The form for values by hand: /nuevo stores, /detectar stores and checks. Read when it is first sent. */
import { about, inFull } from './format.js';
import { at } from './page.js';
import { decimalsOf } from './precision.js';
import { call, Refused } from './server.js';
import { text } from './text.js';

const field = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (at(id));
const form = /** @type {HTMLFormElement} */ (at('entry'));
const result = at('entry-result');
/** Of what the two routes store. */
const UNIT = '°C';

/** @param {string} message @param {'ok' | 'alarm' | ''} kind */
function say(message, kind) {
  result.textContent = message;
  result.dataset.kind = kind;
}

/** @param {HTMLInputElement} input @param {boolean} bad @param {string} message @returns {boolean} */
function wrong(input, bad, message) {
  input.setAttribute('aria-invalid', String(bad));
  if (!bad) return false;
  say(message, 'alarm');
  input.focus();
  return true;
}

/** @param {number} value */
const measureOf = (value) => ({ unit: UNIT, decimals: decimalsOf(value) });

/** @param {import('../panel-types.ts').Detection} answer */
function sayVerdict({ value, anomaly, expected, window }) {
  if (anomaly === null || expected === null) {
    say(text().tooLittle(String(window.length)), 'ok');
    return;
  }
  const stored = inFull(value, measureOf(value));
  const forecast = about(expected, measureOf(value));
  say(
    anomaly ? text().isAnomaly(stored, forecast) : text().noAnomaly(stored, forecast),
    anomaly ? 'alarm' : 'ok',
  );
}

/** Stores what is in the form. @param {HTMLElement | null} button that was pressed */
export async function store(button) {
  const route = /** @type {HTMLButtonElement | null} */ (button)?.value ?? 'nuevo';
  const sensor = field('entry-sensor').value.trim();
  const value = field('entry-value').value.trim().replace(',', '.');
  if (wrong(field('entry-sensor'), sensor === '', text().badSensor)) return;
  if (wrong(field('entry-value'), value === '' || !Number.isFinite(Number(value)), text().badValue)) return;
  say('', '');
  for (const button of form.querySelectorAll('button')) button.disabled = true;
  try {
    const query = { dato: value, sensor, format: 'json' };
    if (route === 'nuevo') {
      const answer = await call('GET /nuevo', { query });
      say(text().stored(inFull(answer.value, measureOf(answer.value))), 'ok');
    } else sayVerdict(await call('GET /detectar', { query }));
    field('entry-value').value = '';
    field('entry-value').focus();
  } catch (error) {
    const refused = error instanceof Refused ? error : null;
    // What the server says is Spanish, whatever is spoken here.
    if (refused?.field === 'sensor') wrong(field('entry-sensor'), true, text().badSensor);
    else if (refused?.field === 'dato') wrong(field('entry-value'), true, text().badValue);
    else
      say(
        refused?.status === 403
          ? text().notAllowed
          : refused?.status === 503
            ? text().busy
            : refused?.status === 429
              ? text().tooMany
              : text().failed,
        'alarm',
      );
  } finally {
    for (const button of form.querySelectorAll('button')) button.disabled = false;
  }
}
