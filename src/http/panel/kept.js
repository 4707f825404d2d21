/** What the browser remembers. Where it may not, as with cookies blocked, it is remembered until the page is closed. */

/** @type {Map<string, string>} */
const page = new Map();

const place = (/** @type {boolean} */ tab) => (tab ? sessionStorage : localStorage);

/** @param {string} name @param {boolean} [tab] until the tab is closed @returns {string | null} */
export function kept(name, tab = false) {
  try {
    return place(tab).getItem(`vigia.${name}`);
  } catch {
    return page.get(name) ?? null;
  }
}

/** @param {string} name @param {string} value @param {boolean} [tab] */
export function keep(name, value, tab = false) {
  page.set(name, value);
  try {
    place(tab).setItem(`vigia.${name}`, value);
  } catch {
    // The page has it.
  }
}

/** Words that were kept as JSON; none where it is something else. @param {string} name @returns {Set<string>} */
export function keptSet(name) {
  try {
    return new Set(JSON.parse(kept(name) ?? '[]'));
  } catch {
    return new Set();
  }
}
