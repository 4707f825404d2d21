/** The dialog for a time of one's own. Read when it is first wanted. */
import { localTime } from './local-time.js';
import { at } from './page.js';
import { text } from './text.js';

const dialog = /** @type {HTMLDialogElement} */ (at('period'));
const [fromInput, toInput] = /** @type {[HTMLInputElement, HTMLInputElement]} */ ([
  at('period-from'),
  at('period-to'),
]);

let chosen = (/** @type {[number, number]} */ _time) => {};

/** @param {[number, number]} shown ms @param {(time: [number, number]) => void} listener told what a person chooses */
export function choosePeriod(shown, listener) {
  chosen = listener;
  [fromInput.value, toInput.value] = /** @type {[string, string]} */ (shown.map(localTime));
  at('period-error').textContent = '';
  dialog.showModal();
}

at('period-form').addEventListener('submit', (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
  if (button?.value === 'cancel') return;
  const [from, to] = [Date.parse(fromInput.value), Date.parse(toInput.value)];
  if (from < to) chosen([from, to]);
  else {
    event.preventDefault();
    at('period-error').textContent = text().badPeriod;
  }
});
