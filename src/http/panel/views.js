/** The views of the page: all of its sections are there, and the style sheets show those of the view. */
import { at } from './page.js';
import { currentLanguage, text } from './text.js';

const VIEWS = ['overview', 'chart', 'alerts'];
/** The parts of the view in which the program is operated; each has an address of its own. */
const OPERATED = [
  ...['operate', 'rules', 'mutes', 'names', 'models'],
  ...['clients', 'discovery', 'dead-letters', 'audit'],
];
const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll('#views a'));

/** With its language. */
let partShown = '';

/** @param {string} wanted a view that there is none of is the overview */
export function showView(wanted) {
  const operated = OPERATED.includes(wanted);
  const view = operated ? 'operate' : VIEWS.includes(wanted) ? wanted : 'overview';
  const { dataset } = document.documentElement;
  const before = dataset.view;
  dataset.view = view;
  for (const link of links) {
    if (link.dataset.to === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (before !== view) scrollTo(0, 0);
  const part = operated ? `${wanted} ${currentLanguage()}` : '';
  const again = part === partShown;
  partShown = part;
  // Few open it: its scripts are read then. What a person does there is not disturbed when the page looks at its address again.
  if (operated && !again)
    void import('./operate/operate.js').then(({ showPart }) => showPart(wanted)).catch(failed);
}

/** The server cannot be reached. */
function failed() {
  partShown = '';
  at('operate').textContent = text().failed;
}

/** @param {string} address of the chart, for the link to it */
export function linkToChart(address) {
  /** @type {HTMLAnchorElement} */ (at('to-chart')).href = address;
}
