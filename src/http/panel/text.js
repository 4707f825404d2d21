/** The language of the panel: its texts, and the locale by which numbers and times are written. */

import { kept } from './kept.js';

/** What can be chosen. Spanish of Mexico writes numbers and times its own way. */
const LANGUAGES = /** @type {const} */ (['en', 'es', 'es-MX']);
/** @typedef {(typeof LANGUAGES)[number]} Language */

/** @param {string} wanted such as es-AR @returns {Language} */
function closest(wanted) {
  return (
    LANGUAGES.find((language) => language === wanted) ??
    LANGUAGES.find((language) => language === wanted.split('-')[0]) ??
    'en'
  );
}

/** @type {Language} what the address, the last choice or the browser says */
let language = closest(
  new URLSearchParams(location.search).get('lang') ?? kept('language') ?? navigator.language,
);
let texts = await read(language);

/** @param {Language} one @returns {Promise<typeof import('./text-en.js').texts>} */
async function read(one) {
  return (await (one.startsWith('es') ? import('./text-es.js') : import('./text-en.js'))).texts;
}

export const currentLanguage = () => language;
export const text = () => texts;

/** The region of the browser where that speaks the language: dates of the United Kingdom are not those of the States. */
export function currentLocale() {
  const own = navigator.languages.find(
    (one) =>
      one.split('-')[0] === language && !LANGUAGES.some((other) => other !== language && other === one),
  );
  return own ?? language;
}

/** @param {string} chosen */
export async function useLanguage(chosen) {
  const wanted = closest(chosen);
  texts = await read(wanted);
  language = wanted;
  showTexts();
}

/** Writes the texts of the page. */
export function showTexts() {
  document.documentElement.lang = language;
  const strings = /** @type {Record<string, string>} */ (/** @type {unknown} */ (texts));
  const kinds = { text: '', label: 'aria-label', placeholder: 'placeholder' };
  for (const [kind, attribute] of Object.entries(kinds))
    for (const element of /** @type {Iterable<HTMLElement>} */ (
      document.querySelectorAll(`[data-${kind}]`)
    )) {
      const said = strings[element.dataset[kind] ?? ''] ?? '';
      if (attribute) element.setAttribute(attribute, said);
      else element.textContent = said;
    }
}

/** A state as shown; one that this page does not know stands for itself. @param {string} state */
export const stateName = (state) => /** @type {Record<string, string>} */ (texts.states)[state] ?? state;

/** @param {string} rule */
export const ruleName = (rule) => /** @type {Record<string, string>} */ (texts.rules)[rule] ?? rule;

/** @param {string} severity */
export const severityName = (severity) =>
  /** @type {Record<string, string>} */ (texts.severities)[severity] ?? severity;
