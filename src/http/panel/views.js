/** The views of the page: all of its sections are there, and the style sheets show those of the view. */
import { at } from './page.js';

const VIEWS = ['overview', 'chart', 'alerts', 'dead-letters'];
const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('#views a'));

/** @param {string} wanted a view that there is none of is the overview */
export function showView(wanted) {
  const view = VIEWS.includes(wanted) ? wanted : 'overview';
  const { dataset } = document.documentElement;
  const before = dataset.view;
  dataset.view = view;
  for (const link of links) {
    if (link.dataset.to === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (before !== view) scrollTo(0, 0);
  // Few open it: its script is read then.
  if (view === 'dead-letters')
    void import('./dead-letters.js').then(({ showDeadLetters }) => showDeadLetters());
}

/** @param {string} address of the chart, for the link to it */
export function linkToChart(address) {
  /** @type {HTMLAnchorElement} */ (at('to-chart')).href = address;
}
