/**
 * What the address names after `#`: a view, or the series of the chart with the time that it shows, so that whatever is on the
 * page can be kept as a bookmark and passed on.
 *
 *     #/alerts?state=cleared         a view and what it is set to
 *     #boiler/temperature@1700000000000   a series and a moment, as alerts link to it
 *     #boiler/temperature,boiler/pressure?from=1700000000000&to=1700000900000
 *
 * Names are encoded as in keys: none of the signs that divide an address is left in them.
 */

/** @typedef {{ view: string, keys: string[], moment: number | null, query: URLSearchParams }} Address */

/** So many ms since 1970: what can be a moment. */
const MOMENT = /^\d{1,16}$/;

/** @param {string | null | undefined} text @returns {number | null} */
export const momentOf = (text) => (text && MOMENT.test(text) ? Number(text) : null);

/** @param {string} hash with or without its `#` @returns {Address} the view of series is `chart` */
export function readAddress(hash) {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [names = '', moment] = path.split('@', 2);
  const keys = names.split(',').filter((name) => name.indexOf('/') > 0);
  return {
    view: keys.length > 0 ? 'chart' : names.replace(/^\//, ''),
    keys: [...new Set(keys)],
    moment: momentOf(moment),
    query: new URLSearchParams(query),
  };
}

/** @param {string} path a view with its slash, or keys with commas between them @param {Record<string, string | number | null | undefined>} [set] what is null is left out */
export function addressOf(path, set = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(set))
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  return `#${path}${query.size > 0 ? `?${query}` : ''}`;
}
