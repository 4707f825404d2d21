/** The models: which is in force where, how a shadow compares, and what changes that. */
import { ask } from '../ask.js';
import { moment, number } from '../format.js';
import { element } from '../page.js';
import { call } from '../server.js';
import { may } from '../session.js';
import { askFields } from './form.js';
import { words } from './models-words.js';
import { actionButton, entries, entry, heading, scopeName, whyNot } from './parts.js';

/**
 * @typedef {import('../../panel-types.ts').Calls} Calls
 * @typedef {Calls['GET /api/models']['answer']} Overview
 * @typedef {Overview['models'][number]} Model
 * @typedef {{ sensor: string, metric: string }} Scope
 */

/** @param {() => Promise<void>} again @returns {Promise<Element[]>} */
export async function load(again) {
  const overview = await call('GET /api/models');
  const { rules, history, models } = overview;
  return [
    heading(words().inForce),
    entries(
      rules.map((rule) => ruleItem(rule, overview, again)),
      words().start(overview.start ?? overview.own),
    ),
    heading(words().models),
    entries(
      models.map((model) => modelItem(model, overview, again)),
      words().none,
    ),
    ...(history.length > 0
      ? [heading(words().history), entries(history.toReversed().map(promotion), '')]
      : []),
  ];
}

/** @param {Overview['rules'][number]} rule @param {Overview} overview @param {() => Promise<void>} again */
function ruleItem(rule, { history, start, own }, again) {
  const of = scopeName(rule);
  const { sensor, metric, shadow } = rule;
  const query = { sensor, metric };
  const buttons = [];
  if (may('admin') && history.some((one) => one.sensor === sensor && one.metric === metric))
    buttons.push(
      confirmed(words().rollBack, of, words().rollBackText(of), again, () =>
        call('POST /api/models/rollback', { query }),
      ),
    );
  if (may('admin') && shadow !== null)
    buttons.push(
      confirmed(words().endShadow, of, words().endShadowText(shadow), again, () =>
        call('POST /api/models/end-shadow', { query }),
      ),
    );
  const facts = [words().judges(rule.model ?? start ?? own)];
  if (shadow !== null) facts.push(words().beside(shadow));
  return entry({ title: of, facts: [facts.join(' · ')], buttons });
}

/** @param {Overview['history'][number]} promotion */
const promotion = ({ at, from, to, ...scope }) =>
  entry({ title: scopeName(scope), facts: [`${moment(at)} · ${from ?? words().noneBefore} → ${to}`] });

/** @param {Model} model @param {Overview} overview @param {() => Promise<void>} again */
function modelItem({ id, details, problem }, { own }, again) {
  const comparison = element('div', 'comparison');
  const buttons = [actionButton(words().compare, () => compare(id, comparison), { of: id })];
  if (may('admin') && details)
    buttons.push(
      actionButton(words().shadow, () => put(id, 'shadow', again), { of: id }),
      actionButton(words().promote, () => put(id, 'promote', again), { of: id }),
    );
  const facts = details
    ? [
        words().window(number(details.window)),
        `LSTM ${details.lstm.join(' + ')}`,
        words().threshold(number(rounded(details.threshold))),
        details.origin.kind,
      ]
    : [];
  return entry({
    title: details ? `${details.name} ${details.version}` : id,
    tags: id === own ? [words().own] : [],
    facts: [id, facts.join(' · '), problem ?? ''],
    buttons,
    more: [comparison],
  });
}

/** @param {string} label @param {string} of @param {string} text @param {() => Promise<void>} again @param {() => Promise<unknown>} act */
function confirmed(label, of, text, again, act) {
  const button = actionButton(
    label,
    async () => {
      if (!(await ask({ title: label.replace('…', '?'), text, yes: label.replace('…', '') }))) return;
      try {
        await act();
        await again();
      } catch (error) {
        const problem = element('p', 'error', whyNot(error));
        problem.setAttribute('role', 'alert');
        button.after(problem);
      }
    },
    { of },
  );
  return button;
}

/** Asks for which series. @param {string} id @param {'shadow' | 'promote'} how @param {() => Promise<void>} again */
async function put(id, how, again) {
  const route = /** @type {const} */ (`POST /api/models/{id}/${how}`);
  const saved = await askFields({
    title: how === 'shadow' ? words().shadowTitle(id) : words().promoteTitle(id),
    note: how === 'shadow' ? words().shadowText : words().promoteText,
    fields: [
      { name: 'sensor', label: words().sensor, value: '*' },
      { name: 'metric', label: words().metric, value: '*' },
    ],
    yes: how === 'shadow' ? words().shadowNow : words().promoteNow,
    save: ({ sensor = '*', metric = '*' }) => call(route, { params: { id }, query: { sensor, metric } }),
  });
  if (saved) await again();
}

/** @param {string} id @param {HTMLElement} place */
async function compare(id, place) {
  place.setAttribute('role', 'status');
  try {
    const { activeOn, shadowOn, comparison, series } = await call('GET /api/models/{id}', { params: { id } });
    const lines = [words().on(number(activeOn), number(shadowOn))];
    if (comparison) lines.push(comparisonText(comparison));
    lines.push(...series.map((one) => `${scopeName(one)}: ${comparisonText(one)}`));
    place.replaceChildren(...lines.map((line) => element('p', 'facts', line)));
  } catch (error) {
    place.replaceChildren(element('p', 'error', whyNot(error)));
  }
}

/** @param {{ readings: number, activeError: number | null, shadowError: number | null, activeAlerts: number, shadowAlerts: number }} comparison */
function comparisonText({ readings, activeError, shadowError, activeAlerts, shadowAlerts }) {
  const error = (/** @type {number | null} */ value) => (value === null ? '–' : number(rounded(value)));
  return words().compared(number(readings), {
    errors: `${error(activeError)} / ${error(shadowError)}`,
    alerts: `${number(activeAlerts)} / ${number(shadowAlerts)}`,
  });
}

/** A mean error is not as exact as it is long. @param {number} value */
const rounded = (value) => Number(value.toPrecision(3));
