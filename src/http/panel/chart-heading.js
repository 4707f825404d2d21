/** The heading of the chart: which series, its last value, its state, and how long ago that was. */
import { ago, quantity } from './format.js';
import { at, element } from './page.js';
import { measureOf, titleOf } from './series.js';
import { stateName, text } from './text.js';

/** A younger value goes without saying, ms. */
const OLD = 10_000;

/** @param {import('./series.js').Series | undefined} one the first series @param {number} others that are shown with it */
export function showHeading(one, others) {
  const more = others > 0 ? ` + ${others}` : '';
  at('chart-title').textContent = one ? titleOf(one) + more : text().noChoice;
  const now = at('chart-now');
  now.textContent = one?.last && others === 0 ? quantity(one.last.v, measureOf(one)) : '';
  if (!one || others > 0) return;
  const age = one.last ? Date.now() - one.last.t : 0;
  if (age >= OLD) now.append(element('span', 'age', ago(age)));
  const mark = element('span', 'state', stateName(one.state));
  mark.dataset.state = one.state;
  now.append(mark);
}
