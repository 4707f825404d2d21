/** The dialog in which a person signs in. Read when the server first asks for it. */
import { at } from './page.js';
import { call, Refused } from './server.js';
import { readSession } from './session.js';
import { text } from './text.js';

const dialog = /** @type {HTMLDialogElement} */ (at('token'));
const [user, secret] = /** @type {[HTMLInputElement, HTMLInputElement]} */ ([at('user'), at('token-value')]);
const problem = at('token-error');

/** @type {(() => void) | null} */
let waiting = null;

/** @returns {Promise<void>} resolves when the person has signed in */
export const signIn = () =>
  new Promise((resolve) => {
    waiting = resolve;
    dialog.showModal();
    secret.focus();
  });

at('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const [name, value] = [user.value.trim(), secret.value];
  problem.textContent = secret.value = '';
  try {
    const body = name === '' ? { token: value.trim() } : { user: name, password: value };
    await call('POST /api/session', { body });
    waiting?.();
    waiting = null;
    dialog.close();
    await readSession();
  } catch (error) {
    const wrong = name === '' ? text().tokenWrong : text().passwordWrong;
    problem.textContent = error instanceof Refused && error.status === 401 ? wrong : text().tooMany;
  }
});
// Also after the Escape key.
dialog.addEventListener('close', () => {
  if (waiting) dialog.showModal();
});
