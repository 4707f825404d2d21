/** Signs a person in and out. */
import { at } from './page.js';
import { call, onSignIn, Refused } from './server.js';
import { text } from './text.js';

const dialog = /** @type {HTMLDialogElement} */ (at('token'));
const [user, secret] = /** @type {[HTMLInputElement, HTMLInputElement]} */ ([at('user'), at('token-value')]);
const problem = at('token-error');

/** @type {(() => void) | null} */
let waiting = null;

onSignIn(
  () =>
    new Promise((resolve) => {
      waiting = resolve;
      dialog.showModal();
      secret.focus();
    }),
);

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
    await showWho();
  } catch (error) {
    const wrong = name === '' ? text().tokenWrong : text().passwordWrong;
    problem.textContent = error instanceof Refused && error.status === 401 ? wrong : text().tooMany;
  }
});
// Also after the Escape key.
dialog.addEventListener('close', () => {
  if (waiting) dialog.showModal();
});

at('sign-out').addEventListener('click', async () => {
  await call('DELETE /api/session').catch(() => {});
  location.reload();
});

/** Shows who is signed in. */
export async function showWho() {
  const { name, role, by } = await call('GET /api/session');
  at('who').hidden = at('sign-out').hidden = by !== 'session';
  at('who').textContent = `${name} (${role})`;
}
