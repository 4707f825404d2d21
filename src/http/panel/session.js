/** Who is signed in, and what the role of this person allows. */
import { at } from './page.js';
import { call, onSignIn } from './server.js';

/** @typedef {import('../panel-types.ts').Role} Role */

/** Each may also do what those before it may. @type {readonly Role[]} */
const ROLES = ['viewer', 'operator', 'admin'];

/** @type {Role} nothing is offered before the server has told */
let role = 'viewer';

/** Whether the server lets this person do what needs the role. @param {Role} needed */
export const may = (needed) => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** Reads and shows who is signed in. */
export async function readSession() {
  const session = await call('GET /api/session');
  role = session.role;
  at('who').hidden = at('sign-out').hidden = session.by !== 'session';
  at('who').textContent = `${session.name} (${role})`;
  document.documentElement.dataset.role = role;
}

// Few need it: its script is read then.
onSignIn(async () => (await import('./sign-in.js')).signIn());

at('sign-out').addEventListener('click', async () => {
  await call('DELETE /api/session').catch(() => {});
  location.reload();
});
