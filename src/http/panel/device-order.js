/** The list of devices: every sensor with its metrics, in the order that is chosen, as far as it is searched for. */

/**
 * @typedef {import('./series.js').Series} Series
 * @typedef {'alarms' | 'name' | 'age'} Order
 * @typedef {{ order: Order, state: string, text: string, favourites: ReadonlySet<string>, now: number }} Wish
 *   `state`: `all`, `favourite`, or one of a series
 * @typedef {{ sensor: string, state: string, favourite: boolean, series: Series[] }} Device `state` is the worst of its series
 */

export const STATES = ['alarm', 'silent', 'warmup', 'normal'];
const MINUTE = 60_000;
const collator = new Intl.Collator(undefined, { numeric: true });

/** The worst first; one that this page does not know is no alarm. @param {string} state */
const rank = (state) => (STATES.includes(state) ? STATES.indexOf(state) : STATES.length);

/** What is to be seen first comes first: an alarm, then a stale series. The other two are equal. @param {string} state */
const urgency = (state) => (state === 'alarm' ? 0 : state === 'silent' ? 1 : 2);

/** @param {Iterable<Series>} all @param {Wish} wish @returns {Device[]} */
export function devicesOf(all, { order, state, text, favourites, now }) {
  const needle = text.trim().toLocaleLowerCase();
  /** @type {Map<string, Device>} */
  const devices = new Map();
  for (const one of all) {
    const favourite = favourites.has(one.sensor);
    if (state !== 'all' && state !== (state === 'favourite' ? favourite && state : one.state)) continue;
    if (
      needle !== '' &&
      !`${one.name ?? ''} ${one.sensor} ${one.metric}`.toLocaleLowerCase().includes(needle)
    )
      continue;
    let device = devices.get(one.sensor);
    if (!device) {
      device = { sensor: one.sensor, state: one.state, favourite, series: [] };
      devices.set(one.sensor, device);
    }
    device.series.push(one);
    if (rank(one.state) < rank(device.state)) device.state = one.state;
  }
  // Whole minutes, lest they change places all the time.
  const seen = (/** @type {Device} */ { series }) =>
    Math.min(0, ...series.map(({ last }) => Math.ceil(((last?.t ?? 0) - now) / MINUTE)));
  const found = [...devices.values()];
  for (const { series } of found) series.sort((a, b) => collator.compare(a.metric, b.metric));
  return found.sort(
    (a, b) =>
      (order === 'alarms' ? urgency(a.state) - urgency(b.state) : 0) ||
      Number(b.favourite) - Number(a.favourite) ||
      (order === 'age' ? seen(a) - seen(b) : 0) ||
      collator.compare(a.sensor, b.sensor),
  );
}
