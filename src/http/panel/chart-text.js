/** The chart in words: the point under the cursor, a summary for who cannot see it, the newest readings as a table. */
import { about, moment, number, quantity, text } from './text.js';

/** @typedef {import('./chart-data.js').ChartData} ChartData */

const TABLE_ROWS = 30;

/** @param {ChartData} data with gaps @param {number} index @param {string | null} unit @returns {string} */
export function pointText(data, index, unit) {
  // The empty point of a gap comes right after the last one before it.
  const i = data.value[index] === null ? index - 1 : index;
  const [t, v, expected, score] = [data.t[i], data.value[i], data.expected[i], data.score[i]];
  if (t === undefined || typeof v !== 'number') return '';
  const parts = [moment(t)];
  if (data.width !== null)
    parts.push(
      text().averageOf(quantity(v, unit)),
      text().from(quantity(data.low[i] ?? v, unit), quantity(data.high[i] ?? v, unit)),
    );
  else parts.push(quantity(v, unit));
  if (typeof expected === 'number') parts.push(text().forecastOf(about(expected, unit)));
  if (typeof score === 'number') parts.push(text().scoreOf(number(Math.round(score * 100) / 100)));
  return parts.join(' · ');
}

/** @param {ChartData} data @param {[number, number]} shown indices of the first, and after the last @param {string | null} unit @param {number} alerts @returns {string} */
export function summaryText(data, [first, end], unit, alerts) {
  let [n, min, max] = [0, Infinity, -Infinity];
  for (let i = first; i < end; i++) {
    const v = data.value[i];
    if (typeof v !== 'number') continue;
    n++;
    min = Math.min(min, data.width === null ? v : (data.low[i] ?? v));
    max = Math.max(max, data.width === null ? v : (data.high[i] ?? v));
  }
  return n === 0
    ? ''
    : text().summary(number(n), text().from(quantity(min, unit), quantity(max, unit)), number(alerts));
}

/** @param {HTMLElement} body @param {ChartData} data @param {[number, number]} shown @param {string | null} unit */
export function fillTable(body, data, [first, end], unit) {
  body.replaceChildren();
  for (let i = end - 1; i >= first && body.childElementCount < TABLE_ROWS; i--) {
    const [t, v, expected, score] = [data.t[i], data.value[i], data.expected[i], data.score[i]];
    if (t === undefined || typeof v !== 'number') continue;
    const row = document.createElement('tr');
    const cells = [
      moment(t),
      quantity(v, unit),
      typeof expected === 'number' ? about(expected, unit) : '',
      typeof score === 'number' ? number(Math.round(score * 100) / 100) : '',
    ];
    for (const content of cells) {
      const cell = document.createElement('td');
      cell.textContent = content;
      row.append(cell);
    }
    body.append(row);
  }
}
