/** The dialog that deletes a series. Read when it is first wanted. */
import { at } from './page.js';
import { call, Refused } from './server.js';
import { text } from './text.js';

/** @typedef {{ sensor: string, metric: string }} SeriesId */

const dialog = /** @type {HTMLDialogElement} */ (at('removal'));

/** @type {SeriesId | undefined} */
let offered;

/** Asks whether a series is to be deleted. @param {SeriesId} one */
export function offerRemoval(one) {
  offered = one;
  at('removal-text').textContent = text().removeText(`${one.sensor} · ${one.metric}`);
  at('removal-error').textContent = '';
  dialog.showModal();
}

at('removal-form').addEventListener('submit', async (event) => {
  const button = /** @type {HTMLButtonElement | null} */ (/** @type {SubmitEvent} */ (event).submitter);
  if (button?.value !== 'delete' || !offered) return;
  event.preventDefault();
  try {
    const { sensor, metric } = offered;
    // The live stream tells every panel that the series is gone.
    await call('DELETE /api/series/{sensor}/{metric}', {
      params: { sensor, metric },
      query: { confirm: `${sensor}/${metric}` },
    });
    dialog.close();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) dialog.close();
    else at('removal-error').textContent = text().failed;
  }
});
