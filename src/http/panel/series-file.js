/** A whole series in a person's hands: as a file, or deleted. */

import { at } from './page.js';

/** @typedef {{ sensor: string, metric: string }} SeriesId */

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

at('remove').addEventListener('click', async () => {
  if (offered) (await import('./series-removal.js')).offerRemoval(offered);
});
