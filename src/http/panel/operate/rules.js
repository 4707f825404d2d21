/** The rules that raise alerts: those of the store, which are edited here, and those of the settings. */
import { ask } from '../ask.js';
import { element } from '../page.js';
import { series } from '../series.js';
import { call, Refused } from '../server.js';
import { may } from '../session.js';
import { askFields } from './form.js';
import { actionButton, entries, entry, heading, scopeName, spoken, whyNot } from './parts.js';

/**
 * @typedef {import('../../panel-types.ts').Calls} Calls
 * @typedef {Calls['GET /api/alert-rules']['answer']} Answer
 * @typedef {Answer['rules'][number]} Rule
 */

const english = {
  explained:
    'A rule holds for the series that its patterns match. Where two rules say different things of a series, the later one holds. All replicas follow within two seconds.',
  stored: 'Kept here',
  configured: 'Of the settings (ALERT_RULES)',
  none: 'No rules are kept here.',
  noneConfigured: 'The settings have none.',
  add: 'Add rule',
  edit: 'Edit',
  remove: 'Delete…',
  removeTitle: 'Delete this rule?',
  removeNow: 'Delete',
  save: 'Save',
  meanwhile: 'Somebody else has changed the rules meanwhile. Cancel to see them.',
  patterns: 'Patterns: * stands for any characters, ? for one. What is left empty stays as it is.',
  sensor: 'Sensor',
  metric: 'Metric',
  min: 'Minimum',
  max: 'Maximum',
  rate: 'Most change per time',
  hysteresis: 'Back inside by, to be cleared',
  for: 'Only if it lasts',
  missing: 'Silence for',
  anomaly: 'Anomalies',
  same: 'as it is',
  on: 'on',
  off: 'off',
  such: (/** @type {string} */ text) => `such as ${text}, or off`,
};
/** @type {typeof english} */
const spanish = {
  explained:
    'Una regla vale para las series que cumplen sus patrones. Si dos reglas dicen cosas distintas de una serie, vale la posterior. Todas las réplicas la siguen en dos segundos.',
  stored: 'Guardadas aquí',
  configured: 'De la configuración (ALERT_RULES)',
  none: 'Aquí no hay reglas guardadas.',
  noneConfigured: 'La configuración no tiene ninguna.',
  add: 'Añadir regla',
  edit: 'Editar',
  remove: 'Eliminar…',
  removeTitle: '¿Eliminar esta regla?',
  removeNow: 'Eliminar',
  save: 'Guardar',
  meanwhile: 'Otra persona ha cambiado las reglas mientras tanto. Cancele para verlas.',
  patterns: 'Patrones: * vale por cualquier texto, ? por un signo. Lo que queda vacío no cambia.',
  sensor: 'Sensor',
  metric: 'Métrica',
  min: 'Mínimo',
  max: 'Máximo',
  rate: 'Cambio máximo por tiempo',
  hysteresis: 'Margen para resolverse',
  for: 'Solo si dura',
  missing: 'Sin datos durante',
  anomaly: 'Anomalías',
  same: 'sin cambio',
  on: 'sí',
  off: 'no',
  such: (text) => `por ejemplo ${text}, u off`,
};
const words = () => spoken(english, spanish);

/** In the order in which they are said, with an example of each that is text. */
const CONDITIONS = /** @type {const} */ ([
  ['min', '-30'],
  ['max', '-10'],
  ['rate', '5/1m'],
  ['hysteresis', '0.5'],
  ['for', '30s'],
  ['missing', '5m'],
]);

/** @param {() => Promise<void>} again @returns {Promise<Element[]>} */
export async function load(again) {
  const answer = await call('GET /api/alert-rules');
  const note = element('p', 'problem', '');
  note.setAttribute('role', 'alert');
  note.hidden = true;
  const edit = { answer, again, note, outdated: false };
  const add = may('admin') ? [actionButton(words().add, () => change(edit, null), { kind: 'primary' })] : [];
  return [
    element('p', 'facts', words().explained),
    note,
    heading(words().stored, ...add),
    entries(
      answer.rules.map((rule, i) => itemOf(rule, may('admin') ? buttonsOf(edit, i) : [])),
      words().none,
    ),
    heading(words().configured),
    entries(
      answer.configured.map((rule) => itemOf(rule, [])),
      words().noneConfigured,
    ),
  ];
}

/** @param {Rule} rule @param {Element[]} buttons */
function itemOf(rule, buttons) {
  const said = CONDITIONS.filter(([name]) => rule[name] !== undefined).map(
    ([name]) => `${words()[name]}: ${shown(rule[name])}`,
  );
  if (rule.anomaly !== undefined) said.push(`${words().anomaly}: ${shown(rule.anomaly)}`);
  return entry({ title: scopeName(rule), facts: [said.join(' · ')], buttons });
}

/** @param {unknown} value */
function shown(value) {
  if (value === 'on' || value === true) return words().on;
  return value === 'off' || value === false ? words().off : String(value);
}

/** @typedef {{ answer: Answer, again: () => Promise<void>, note: HTMLElement, outdated: boolean }} Edit `outdated`: somebody else has changed the rules */

/** @param {Edit} edit @param {number} i */
const buttonsOf = (edit, i) => {
  const of = scopeName(edit.answer.rules[i] ?? {});
  return [
    actionButton(words().edit, () => change(edit, i), { of }),
    actionButton(words().remove, () => remove(edit, i), { of }),
  ];
};

/** @param {Edit} edit @param {number | null} i null: a new one */
async function change(edit, i) {
  const before = i === null ? {} : (edit.answer.rules[i] ?? {});
  const saved = await askFields({
    title: i === null ? words().add : `${words().edit}: ${scopeName(before)}`,
    note: words().patterns,
    fields: fieldsOf(before),
    yes: words().save,
    save: (values) => {
      const rule = ruleOf(before, values);
      const { rules } = edit.answer;
      return replace(edit, i === null ? [...rules, rule] : rules.with(i, rule));
    },
  });
  if (saved || edit.outdated) await edit.again();
}

/** @param {Rule} rule */
function fieldsOf(rule) {
  const names = [...new Set([...series.values()].map(({ sensor }) => sensor))];
  const metrics = [...new Set([...series.values()].map(({ metric }) => metric))];
  const scope = (/** @type {'sensor' | 'metric'} */ name) => String(rule[name] ?? '*');
  return [
    { name: 'sensor', label: words().sensor, value: scope('sensor'), suggestions: names },
    { name: 'metric', label: words().metric, value: scope('metric'), suggestions: metrics },
    ...CONDITIONS.map(([name, hint]) => ({
      name,
      label: words()[name],
      value: rule[name] === undefined ? '' : String(rule[name]),
      hint: words().such(hint),
    })),
    {
      name: 'anomaly',
      label: words().anomaly,
      value:
        rule.anomaly === undefined ? '' : rule.anomaly === false || rule.anomaly === 'off' ? 'off' : 'on',
      options: /** @type {const} */ ([
        ['', words().same],
        ['on', words().on],
        ['off', words().off],
      ]),
    },
  ];
}

/** What a later release has written beside it stays. @param {Rule} before @param {Record<string, string>} values @returns {Rule} */
function ruleOf(before, values) {
  const rule = { ...before };
  for (const [name, text] of Object.entries(values)) {
    const number = Number(text.replace(',', '.'));
    const numeric = name === 'min' || name === 'max' || name === 'hysteresis';
    if (text === '') delete rule[name];
    else rule[name] = numeric && !Number.isNaN(number) ? number : text;
  }
  return rule;
}

/** @param {Edit} edit @param {number} i */
async function remove(edit, i) {
  const text = scopeName(edit.answer.rules[i] ?? {});
  const question = { title: words().removeTitle, text, yes: words().removeNow, danger: true };
  if (!(await ask(question))) return;
  try {
    await replace(edit, edit.answer.rules.toSpliced(i, 1));
    await edit.again();
  } catch (error) {
    edit.note.textContent = whyNot(error);
    edit.note.hidden = false;
  }
}

/** @param {Edit} edit @param {Rule[]} rules */
async function replace(edit, rules) {
  try {
    await call('PUT /api/alert-rules', { body: { revision: edit.answer.revision, rules } });
  } catch (error) {
    if (!(error instanceof Refused && error.field === 'revision')) throw error;
    edit.outdated = true;
    throw new Refused(400, words().meanwhile);
  }
}
