/** The form for values by hand: /nuevo stores, /detectar stores and checks. */
import { json, Refused } from './server.js';
import { about, quantity, text } from './text.js';

const at = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ (document.getElementById(id));
const form = /** @type {HTMLFormElement} */ (document.getElementById('entry'));
const result = /** @type {HTMLElement} */ (document.getElementById('entry-result'));
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

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  const route = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value ?? 'nuevo';
  const sensor = at('entry-sensor').value.trim();
  const value = at('entry-value').value.trim().replace(',', '.');
  if (wrong(at('entry-sensor'), sensor === '', text().badSensor)) return;
  if (wrong(at('entry-value'), value === '' || !Number.isFinite(Number(value)), text().badValue)) return;
  say('', '');
  for (const button of form.querySelectorAll('button')) button.disabled = true;
  try {
    const query = new URLSearchParams({ dato: value, sensor, format: 'json' });
    const answer = await json(`/${route}?${query}`);
    const stored = quantity(answer.value, UNIT);
    if (route === 'nuevo') say(text().stored(stored), 'ok');
    else if (answer.anomaly === null) say(text().tooLittle(String(answer.window.length)), 'ok');
    else {
      const forecast = about(answer.expected, UNIT);
      say(
        answer.anomaly ? text().isAnomaly(stored, forecast) : text().noAnomaly(stored, forecast),
        answer.anomaly ? 'alarm' : 'ok',
      );
    }
    at('entry-value').value = '';
    at('entry-value').focus();
  } catch (error) {
    const refused = error instanceof Refused ? error : null;
    say(
      refused?.status === 503
        ? text().busy
        : refused && refused.status < 500
          ? refused.message
          : text().failed,
      'alarm',
    );
  } finally {
    for (const button of form.querySelectorAll('button')) button.disabled = false;
  }
});
