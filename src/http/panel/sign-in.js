/** Who uses the panel: signs in with a password or a token, and out again. The browser keeps a cookie that scripts cannot read. */
import { at } from './page.js';
import { call, onSignIn, Refused } from './server.js';
import { text } from './text.js';

const dialog = /** @type {HTMLDialogElement} */ (at('token'));
const user = /** @type {HTMLInputElement} */ (at('user'));
const secret = /** @type {HTMLInputElement} */ (at('token-value'));
const problem = at('token-error');

/** @type {(() => void) | null} */
let waiting = null;

onSignIn(
  () =>
    new Promise((resolve) => {
      waiting = resolve;
      if (!dialog.open) dialog.showModal();
      secret.focus();
    }),
);

at('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const [name, value] = [user.value.trim(), secret.value];
  problem.textContent = '';
  try {
    const body = name === '' ? { token: value.trim() } : { user: name, password: value };
    await call('POST /api/session', { body });
    secret.value = '';
    waiting?.();
    waiting = null;
    dialog.close();
    await showWho();
  } catch (error) {
    secret.value = '';
    const status = error instanceof Refused ? error.status : 0;
    if (status === 401) problem.textContent = name === '' ? text().tokenWrong : text().passwordWrong;
    else problem.textContent = status === 429 ? text().tooMany : text().failed;
  }
});
// Nothing can be shown before: a dialog that the Escape key has closed opens again.
dialog.addEventListener('close', () => {
  if (waiting) dialog.showModal();
});

at('sign-out').addEventListener('click', async () => {
  await call('DELETE /api/session').catch(() => {});
  location.reload();
});

/** Shows the name and the role, where there is somebody to sign out. */
export async function showWho() {
  const { name, role, by } = await call('GET /api/session');
  for (const id of ['who', 'sign-out']) at(id).hidden = by !== 'session';
  at('who').textContent = `${name} (${text().roles[role]})`;
}
