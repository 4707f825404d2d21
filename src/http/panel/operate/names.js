/** What people call series, and the units of their numbers. */
import { fixed } from '../format.js';
import { element } from '../page.js';
import { readSeries, series } from '../series.js';
import { call } from '../server.js';
import { text } from '../text.js';
import { askFields } from './form.js';
import { actionButton, entries, entry, heading, spoken } from './parts.js';

/**
 * @typedef {import('../series.js').Series} Series
 * @typedef {import('../../panel-types.ts').Calls['GET /api/series-labels']['answer'][number]} Label
 */

/** Series that are listed at once; the search finds the others. */
const MOST = 100;

const english = {
  explained:
    'All panels, receivers of alerts and replicas show them. The unit of one series goes before the unit of its metric.',
  metrics: 'Units of metrics',
  series: 'Series',
  none: 'There are no series.',
  more: (/** @type {string} */ n) => `${n} more; search for them.`,
  edit: 'Edit',
  title: (/** @type {string} */ what) => `Name and unit of ${what}`,
  ofMetric: (/** @type {string} */ metric) => `Unit of ${metric} on every sensor`,
  name: 'Name (empty: sensor and metric)',
  unit: 'Unit (empty: as the settings say)',
  save: 'Save',
};
/** @type {typeof english} */
const spanish = {
  explained:
    'Los muestran todos los paneles, alertas y réplicas. La unidad de una serie va antes que la de su métrica.',
  metrics: 'Unidades de las métricas',
  series: 'Series',
  none: 'No hay series.',
  more: (n) => `Hay ${n} más; búsquelas.`,
  edit: 'Editar',
  title: (what) => `Nombre y unidad de ${what}`,
  ofMetric: (metric) => `Unidad de ${metric} en todos los sensores`,
  name: 'Nombre (vacío: sensor y métrica)',
  unit: 'Unidad (vacío: la de la configuración)',
  save: 'Guardar',
};
const words = () => spoken(english, spanish);

/** @param {() => Promise<void>} again @returns {Promise<Element[]>} */
export async function load(again) {
  const [labels] = await Promise.all([call('GET /api/series-labels'), readSeries()]);
  const all = [...series.values()];
  const metrics = [...new Set(all.map(({ metric }) => metric))].toSorted();
  const search = document.createElement('input');
  search.type = 'search';
  search.setAttribute('aria-label', text().search);
  search.placeholder = text().search;
  const place = element('div', '');
  const show = () => {
    const needle = search.value.trim().toLocaleLowerCase();
    const found = all.filter(({ name, sensor, metric }) =>
      `${name ?? ''} ${sensor} ${metric}`.toLocaleLowerCase().includes(needle),
    );
    const items = found.slice(0, MOST).map((one) => seriesItem(one, labels, again));
    place.replaceChildren(entries(items, all.length === 0 ? words().none : text().noMatch));
    if (found.length > MOST) place.append(element('p', 'empty', words().more(fixed(found.length - MOST, 0))));
  };
  search.addEventListener('input', show);
  show();
  return [
    element('p', 'facts', words().explained),
    heading(words().metrics),
    entries(
      metrics.map((metric) => metricItem(metric, labels, again)),
      words().none,
    ),
    heading(words().series, search),
    place,
  ];
}

/** @param {readonly Label[]} labels @param {string} sensor @param {string} metric */
const labelOf = (labels, sensor, metric) =>
  labels.find((label) => label.sensor === sensor && label.metric === metric);

/** @param {Series} one @param {readonly Label[]} labels @param {() => Promise<void>} again */
function seriesItem({ sensor, metric, name, unit }, labels, again) {
  const scope = `${sensor} · ${metric}`;
  const edit = () => change({ sensor, metric }, labelOf(labels, sensor, metric), again);
  return entry({
    title: name ?? scope,
    tags: unit === null ? [] : [unit],
    facts: name === null ? [] : [scope],
    buttons: [actionButton(words().edit, edit, { of: scope })],
  });
}

/** @param {string} metric @param {readonly Label[]} labels @param {() => Promise<void>} again */
function metricItem(metric, labels, again) {
  const label = labelOf(labels, '*', metric);
  const edit = () => change({ sensor: '*', metric }, label, again);
  return entry({
    title: metric,
    tags: label?.unit ? [label.unit] : [],
    buttons: [actionButton(words().edit, edit, { of: words().ofMetric(metric) })],
  });
}

/** @param {{ sensor: string, metric: string }} one @param {Label | undefined} label @param {() => Promise<void>} again */
async function change({ sensor, metric }, label, again) {
  const ofMetric = sensor === '*';
  const unit = { name: 'unit', label: words().unit, value: label?.unit ?? '' };
  const saved = await askFields({
    title: ofMetric ? words().ofMetric(metric) : words().title(`${sensor} · ${metric}`),
    fields: ofMetric ? [unit] : [{ name: 'name', label: words().name, value: label?.name ?? '' }, unit],
    yes: words().save,
    save: (values) => call('PUT /api/series-labels', { body: { sensor, metric, ...values } }),
  });
  if (saved) await again();
}
