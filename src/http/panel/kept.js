/** What the browser remembers. Where it may not, as with cookies blocked, it is remembered until the page is closed. */

/** @type {Map<string, string>} */
const page = new Map();

/** @param {string} name @returns {string | null} */
export function kept(name) {
  try {
    return localStorage.getItem(`vigia.${name}`);
  } catch {
    return page.get(name) ?? null;
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  page.set(name, value);
  try {
    localStorage.setItem(`vigia.${name}`, value);
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
