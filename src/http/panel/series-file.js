/** A whole series in a person's hands: as a file, or deleted. */

import { at } from './page.js';
import { call, Refused } from './server.js';
import { text } from './text.js';

/** @typedef {{ sensor: string, metric: string }} SeriesId */

const dialog = /** @type {HTMLDialogElement} */ (at('removal'));
const links = /** @type {HTMLAnchorElement[]} */ ([at('as-csv'), at('as-json')]);

/** @type {SeriesId | undefined} */
let offered;

/** @param {SeriesId} one */
const pathOf = ({ sensor, metric }) =>
  `/api/series/${encodeURIComponent(sensor)}/${encodeURIComponent(metric)}`;

/** @param {SeriesId | undefined} one the series of the chart */
export function offer(one) {
  offered = one;
  at('files').hidden = !one;
  if (one) for (const link of links) link.href = `${pathOf(one)}/export?format=${link.dataset.format}`;
}

at('remove').addEventListener('click', () => {
  if (!offered) return;
  at('removal-text').textContent = text().removeText(`${offered.sensor} · ${offered.metric}`);
  at('removal-error').textContent = '';
  dialog.showModal();
});
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
