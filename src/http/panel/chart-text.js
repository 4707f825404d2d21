/** The chart in words: the point under the cursor, a summary for who cannot see it, the newest readings as a table. */
import { about, inFull, moment, number, scoreText } from './format.js';
import { text } from './text.js';

/** @typedef {import('./chart-data.js').ChartData} ChartData */
/** @typedef {import('./format.js').Measure} Measure */

const TABLE_ROWS = 30;

/** @param {ChartData} data with gaps @param {number} index @param {Measure} measure @returns {string} */
export function pointText(data, index, measure) {
  // The empty point of a gap comes right after the last one before it.
  const i = data.value[index] === null ? index - 1 : index;
  const [t, v, expected, score] = [data.t[i], data.value[i], data.expected[i], data.score[i]];
  if (t === undefined || typeof v !== 'number') return '';
  const parts = [moment(t)];
  if (data.width !== null)
    parts.push(
      text().averageOf(about(v, measure)),
      text().from(inFull(data.low[i] ?? v, measure), inFull(data.high[i] ?? v, measure)),
    );
  else parts.push(inFull(v, measure));
  if (typeof expected === 'number') parts.push(text().forecastOf(about(expected, measure)));
  if (typeof score === 'number') parts.push(text().scoreOf(scoreText(score)));
  return parts.join(' · ');
}

/** @param {ChartData} data @param {[number, number]} shown indices of the first, and after the last */
export function statsOf(data, [first, end]) {
  let [n, sum, min, max] = [0, 0, Infinity, -Infinity];
  for (let i = first; i < end; i++) {
    const v = data.value[i];
    if (typeof v !== 'number') continue;
    n++;
    sum += v;
    min = Math.min(min, data.width === null ? v : (data.low[i] ?? v));
    max = Math.max(max, data.width === null ? v : (data.high[i] ?? v));
  }
  return { n, min, max, average: sum / n };
}

/** @param {ChartData} data @param {[number, number]} shown indices of the first, and after the last @param {Measure} measure @param {number} alerts @returns {string} */
export function summaryText(data, shown, measure, alerts) {
  const { n, min, max } = statsOf(data, shown);
  return n === 0
    ? ''
    : text().summary(number(n), text().from(inFull(min, measure), inFull(max, measure)), number(alerts));
}

/** @param {HTMLElement} body @param {ChartData} data @param {[number, number]} shown @param {Measure} measure */
export function fillTable(body, data, [first, end], measure) {
  body.replaceChildren();
  for (let i = end - 1; i >= first && body.childElementCount < TABLE_ROWS; i--) {
    const [t, v, expected, score] = [data.t[i], data.value[i], data.expected[i], data.score[i]];
    if (t === undefined || typeof v !== 'number') continue;
    const row = document.createElement('tr');
    const cells = [
      moment(t),
      data.width === null ? inFull(v, measure) : about(v, measure),
      typeof expected === 'number' ? about(expected, measure) : '',
      typeof score === 'number' ? scoreText(score) : '',
    ];
    for (const content of cells) {
      const cell = document.createElement('td');
      cell.textContent = content;
      row.append(cell);
    }
    body.append(row);
  }
}
