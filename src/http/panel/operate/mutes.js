/** Mutes: alerts that are kept and shown, and that nobody is told of. */
import { ask } from '../ask.js';
import { moment, timeSpan } from '../format.js';
import { localTime } from '../local-time.js';
import { element } from '../page.js';
import { series } from '../series.js';
import { call } from '../server.js';
import { may } from '../session.js';
import { currentLocale, ruleName, text } from '../text.js';
import { askFields } from './form.js';
import { actionButton, entries, entry, heading, scopeName, spoken, whyNot } from './parts.js';

/** @typedef {import('../../panel-types.ts').Calls['GET /api/mutes']['answer'][number]} Mute */

/** As the server calls them; Monday is the first. */
const DAYS = /** @type {const} */ (['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']);
const RULES = ['anomaly', 'min', 'max', 'rate', 'missing'];

const english = {
  explained: 'Muted alerts are kept and shown; receivers are not told of them.',
  now: 'Now and later',
  over: 'Ended',
  none: 'No alerts are muted.',
  add: 'Mute alerts',
  end: 'End…',
  endTitle: 'End this mute?',
  endText: (/** @type {string} */ what) => `Receivers are told again of alerts on ${what}.`,
  endNow: 'End now',
  active: 'in force',
  sensor: 'Sensor',
  metric: 'Metric',
  rule: 'Rule',
  from: 'From (empty: now)',
  until: 'Until (empty: without an end)',
  days: 'Only weekly, on',
  start: 'from',
  to: 'to',
  zone: 'Time zone',
  comment: 'Comment',
  patterns: 'Patterns: * stands for any characters, ? for one.',
  since: (/** @type {string} */ time) => `since ${time}, without an end`,
  weekly: (/** @type {string} */ days, /** @type {string} */ times) => `weekly on ${days}, ${times}`,
  by: (/** @type {string} */ name) => `by ${name}`,
};
/** @type {typeof english} */
const spanish = {
  explained: 'Las alertas silenciadas se guardan y se muestran; no se avisa a los receptores.',
  now: 'Ahora y más tarde',
  over: 'Terminados',
  none: 'No hay alertas silenciadas.',
  add: 'Silenciar alertas',
  end: 'Terminar…',
  endTitle: '¿Terminar este silencio?',
  endText: (what) => `Se volverá a avisar a los receptores de las alertas de ${what}.`,
  endNow: 'Terminar ahora',
  active: 'vigente',
  sensor: 'Sensor',
  metric: 'Métrica',
  rule: 'Regla',
  from: 'Desde (vacío: ahora)',
  until: 'Hasta (vacío: sin final)',
  days: 'Solo cada semana, los',
  start: 'de',
  to: 'a',
  zone: 'Zona horaria',
  comment: 'Comentario',
  patterns: 'Patrones: * vale por cualquier texto, ? por un signo.',
  since: (time) => `desde ${time}, sin final`,
  weekly: (days, times) => `cada semana: ${days}, ${times}`,
  by: (name) => `por ${name}`,
};
const words = () => spoken(english, spanish);

/** @param {() => Promise<void>} again @returns {Promise<Element[]>} */
export async function load(again) {
  const mutes = (await call('GET /api/mutes')).toSorted((a, b) => b.from - a.from);
  const isOver = (/** @type {Mute} */ { until }) => until !== null && until <= Date.now();
  const add = may('operator')
    ? [actionButton(words().add, () => muteAlerts(again), { kind: 'primary' })]
    : [];
  const ended = mutes.filter(isOver).map((each) => itemOf(each, []));
  return [
    element('p', 'facts', words().explained),
    heading(words().now, ...add),
    entries(
      mutes
        .filter((each) => !isOver(each))
        .map((each) => itemOf(each, may('operator') ? [endOf(each, again)] : [])),
      words().none,
    ),
    ...(ended.length > 0 ? [heading(words().over), entries(ended, '')] : []),
  ];
}

/** @param {Mute} mute @param {Element[]} buttons */
function itemOf(mute, buttons) {
  const { rule, from, until, weekly, comment, by, active } = mute;
  const facts = [until === null ? words().since(moment(from)) : timeSpan(from, until)];
  if (weekly)
    facts.push(
      words().weekly(weekly.days.map(dayName).join(', '), `${weekly.start} – ${weekly.end} (${weekly.zone})`),
    );
  if (by !== null) facts.push(words().by(by));
  const tags = [rule === '*' ? text().anyRule : ruleName(rule), ...(active ? [words().active] : [])];
  return entry({ title: scopeName(mute), tags, facts: [facts.join(' · '), comment], buttons });
}

/** @param {typeof DAYS[number]} day */
function dayName(day) {
  const monday = new Date(2024, 0, 1);
  monday.setDate(1 + DAYS.indexOf(day));
  return monday.toLocaleDateString(currentLocale(), { weekday: 'short' });
}

/** @param {Mute} mute @param {() => Promise<void>} again */
function endOf(mute, again) {
  const of = scopeName(mute);
  const problem = element('p', 'error');
  problem.setAttribute('role', 'alert');
  const button = actionButton(
    words().end,
    async () => {
      const question = { title: words().endTitle, text: words().endText(of), yes: words().endNow };
      if (!(await ask(question))) return;
      try {
        await call('DELETE /api/mutes/{id}', { params: { id: mute.id } });
        await again();
      } catch (error) {
        problem.textContent = whyNot(error);
        button.after(problem);
      }
    },
    { of },
  );
  return button;
}

/**
 * Asks which alerts nobody is to be told of, and when.
 * @param {() => Promise<void>} again called when it is done @param {{ sensor?: string, metric?: string, rule?: string }} [which] to begin with
 */
export async function muteAlerts(again, { sensor = '*', metric = '*', rule = '*' } = {}) {
  const all = [...series.values()];
  const names = [...new Set(all.map(({ sensor }) => sensor))];
  const metrics = [...new Set(all.map(({ metric }) => metric))];
  const hour = 3_600_000;
  const fields = [
    { name: 'sensor', label: words().sensor, value: sensor, suggestions: names },
    { name: 'metric', label: words().metric, value: metric, suggestions: metrics },
    {
      name: 'rule',
      label: words().rule,
      value: rule,
      options: /** @type {[string, string][]} */ ([
        ['*', text().anyRule],
        ...RULES.map((one) => [one, ruleName(one)]),
      ]),
    },
    { name: 'comment', label: words().comment },
    { name: 'from', label: words().from, kind: /** @type {const} */ ('datetime-local') },
    {
      name: 'until',
      label: words().until,
      kind: /** @type {const} */ ('datetime-local'),
      value: localTime(Date.now() + hour).slice(0, 16),
    },
    {
      name: 'days',
      label: words().days,
      kind: /** @type {const} */ ('checks'),
      options: DAYS.map((day) => /** @type {[string, string]} */ ([day, dayName(day)])),
    },
    { name: 'start', label: words().start, kind: /** @type {const} */ ('time'), value: '02:00' },
    { name: 'end', label: words().to, kind: /** @type {const} */ ('time'), value: '04:00' },
    { name: 'zone', label: words().zone, value: Intl.DateTimeFormat().resolvedOptions().timeZone },
  ];
  const saved = await askFields({
    title: words().add,
    note: words().patterns,
    fields,
    yes: words().add,
    save: (values) => call('POST /api/mutes', { body: bodyOf(values) }),
  });
  if (saved) await again();
}

/** @param {Record<string, string>} values */
function bodyOf({ sensor, metric, rule, comment, from = '', until = '', days = '', start, end, zone }) {
  const weekly = days === '' ? null : { days: days.split(' '), start, end, zone };
  return {
    ...{ sensor, metric, rule, comment, weekly },
    ...(from !== '' && { from: Date.parse(from) }),
    until: until === '' ? null : Date.parse(until),
  };
}
