/** All that there is to say of one alert, and what can be done with it. */
import { seriesOf } from '../alert-book.js';
import { isOpen } from '../alert-filter.js';
import { readAlerts } from '../alert-list.js';
import { whyOf } from '../alert-row.js';
import { ask } from '../ask.js';
import { about, duration, inFull, moment, scoreText } from '../format.js';
import { element } from '../page.js';
import { measureOf, series, titleOf } from '../series.js';
import { call } from '../server.js';
import { may } from '../session.js';
import { ruleName, severityName, text } from '../text.js';
import { muteAlerts } from './mutes.js';
import { actionButton, spoken, whyNot } from './parts.js';
import { styled } from './style.js';

/**
 * @typedef {import('../alert-filter.js').Alert} Alert
 * @typedef {{ peak?: { value: number, ts: number } | null, acknowledged: boolean | { by?: string | null, at?: number } | null }} Later
 *   what servers tell that know it
 */

const english = {
  state: 'State',
  severity: 'Severity',
  rule: 'Rule',
  value: 'Value',
  expected: 'Expected',
  between: (/** @type {string} */ low, /** @type {string} */ high) => `${low} to ${high}`,
  limit: 'Limit',
  peak: 'Peak',
  score: 'Score',
  begin: 'Begin',
  end: 'End',
  lasted: 'Duration',
  model: 'Judged by',
  acknowledged: 'Acknowledged',
  by: (/** @type {string} */ who, /** @type {string} */ when) => [who, when].filter(Boolean).join(', '),
  yes: 'yes',
  chart: 'Show in the chart',
  close: 'Close alert…',
  closeTitle: 'Close this alert?',
  closeText: 'For a sensor that is gone for good. Receivers are told that the alert is over.',
  closeNow: 'Close alert',
  mute: 'Mute…',
  done: 'Done',
};
/** @type {typeof english} */
const spanish = {
  state: 'Estado',
  severity: 'Gravedad',
  rule: 'Regla',
  value: 'Valor',
  expected: 'Se esperaba',
  between: (low, high) => `de ${low} a ${high}`,
  limit: 'Límite',
  peak: 'Máximo alejamiento',
  score: 'Puntuación',
  begin: 'Comienzo',
  end: 'Final',
  lasted: 'Duración',
  model: 'Juzgada por',
  acknowledged: 'Confirmada',
  by: (who, when) => [who, when].filter(Boolean).join(', '),
  yes: 'sí',
  chart: 'Ver en el gráfico',
  close: 'Cerrar alerta…',
  closeTitle: '¿Cerrar esta alerta?',
  closeText: 'Para un sensor que no volverá. Se avisa a los receptores de que la alerta ha terminado.',
  closeNow: 'Cerrar alerta',
  mute: 'Silenciar…',
  done: 'Listo',
};
const words = () => spoken(english, spanish);

/** @param {Alert} alert */
export async function showDetails(alert) {
  await styled;
  const dialog = document.createElement('dialog');
  dialog.className = 'asked details';
  const body = element('div', 'body');
  const head = element('h2', '', titleOf(alert));
  head.id = 'alert-details-title';
  dialog.setAttribute('aria-labelledby', head.id);
  const list = document.createElement('dl');
  for (const [name, value] of factsOf(alert)) list.append(element('dt', '', name), element('dd', '', value));
  const problem = element('p', 'error');
  problem.setAttribute('role', 'alert');
  const buttons = element('div', 'buttons');
  buttons.append(...buttonsOf(alert, dialog, problem));
  body.append(head, element('p', 'why', whyOf(alert)), list, problem, buttons);
  dialog.append(body);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** What there is to say; what is not known is left out. @param {Alert} alert @returns {[string, string][]} */
function factsOf(alert) {
  const { rule, value, limit, score, state, severity, muted, expected, expectedRange, ts, clearedTs, model } =
    alert;
  const { peak, acknowledged } = /** @type {Later} */ (/** @type {unknown} */ (alert));
  const measure = measureOf(series.get(seriesOf(alert)));
  const end = clearedTs ?? (isOpen(alert) ? Date.now() : null);
  const seen = typeof acknowledged === 'object' ? acknowledged : null;
  /** @type {[string, string | null][]} */
  const facts = [
    [words().state, text()[state] + (muted ? ` · ${text().muted}` : '')],
    [words().severity, severityName(severity)],
    [words().rule, ruleName(rule)],
    [words().value, rule === 'missing' ? null : inFull(value, measure)],
    [
      words().expected,
      expectedRange
        ? words().between(about(expectedRange.low, measure), about(expectedRange.high, measure))
        : expected === null
          ? null
          : about(expected, measure),
    ],
    [words().limit, limit === null ? null : rule === 'missing' ? duration(limit) : inFull(limit, measure)],
    [words().peak, peak ? `${inFull(peak.value, measure)} · ${moment(peak.ts)}` : null],
    [words().score, score === null ? null : scoreText(score)],
    [words().begin, moment(ts)],
    [words().end, clearedTs === null ? null : moment(clearedTs)],
    [words().lasted, end === null ? null : duration(end - ts)],
    [words().model, model],
    [
      words().acknowledged,
      seen ? words().by(seen.by ?? '', seen.at ? moment(seen.at) : '') : acknowledged ? words().yes : null,
    ],
  ];
  return facts.flatMap(([name, said]) => (said === null ? [] : [[name, said]]));
}

/** @param {Alert} alert @param {HTMLDialogElement} dialog @param {HTMLElement} problem @returns {Element[]} */
function buttonsOf(alert, dialog, problem) {
  const { id, sensor, metric, rule, ts } = alert;
  const act = async (/** @type {() => Promise<unknown>} */ action) => {
    problem.textContent = '';
    try {
      await action();
      dialog.close();
      await readAlerts();
    } catch (error) {
      problem.textContent = whyNot(error);
    }
  };
  const chart = actionButton(words().chart, () => {
    dialog.close();
    location.hash = `#${seriesOf(alert)}@${ts}`;
  });
  const buttons = [chart];
  if (may('operator') && isOpen(alert) && !alert.acknowledged)
    buttons.push(
      actionButton(text().acknowledge, () =>
        act(() => call('POST /api/alerts/{id}/acknowledge', { params: { id } })),
      ),
    );
  if (may('operator')) {
    const mute = () => {
      dialog.close();
      return muteAlerts(() => readAlerts(), { sensor, metric, rule });
    };
    buttons.push(actionButton(words().mute, mute));
  }
  if (may('operator') && isOpen(alert)) {
    const question = { title: words().closeTitle, text: words().closeText, yes: words().closeNow };
    const close = async () => {
      if (await ask(question)) await act(() => call('POST /api/alerts/{id}/close', { params: { id } }));
    };
    buttons.push(actionButton(words().close, close));
  }
  buttons.push(actionButton(words().done, () => dialog.close(), { kind: 'primary' }));
  return buttons;
}
