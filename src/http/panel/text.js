/** What the panel says, in English and Spanish, and how numbers and times are written. */

import { kept } from './kept.js';

/** A text with values in it. @param {(...values: string[]) => string} made */
const using = (made) => made;

const TEXT = {
  en: {
    skip: 'Skip to the chart',
    language: 'Language',
    dark: 'Dark',
    sensors: 'Sensors',
    search: 'Search sensors',
    byState: 'Show by state',
    noChoice: 'No sensor chosen',
    range: 'Time shown',
    move: 'Move in time',
    earlier: 'Earlier',
    later: 'Later',
    follow: 'Back to now',
    notRead: 'The readings of this time could not be read.',
    again: 'Try again',
    ago: using((time) => `${time} ago`),
    average: 'average',
    averageOf: using((v) => `average ${v}`),
    from: using((min, max) => `from ${min} to ${max}`),
    year: '1 y',
    wholeSeries: 'Whole series:',
    remove: 'Delete…',
    removeTitle: 'Delete this series?',
    removeText: using((what) => `All readings and alerts of ${what} are deleted and cannot be brought back.`),
    removeNow: 'Delete for good',
    cancel: 'Cancel',
    choose: 'Choose a sensor to see its readings.',
    value: 'value',
    expected: 'forecast',
    band: 'usual range of error',
    minmax: 'minimum to maximum',
    anomaly: 'anomaly',
    asTable: 'Latest readings as a table',
    time: 'Time',
    score: 'Score',
    alerts: 'Alerts',
    noAlerts: 'No alerts.',
    entry: 'Manual entry',
    sensor: 'Sensor',
    temperature: 'Temperature (°C)',
    store: 'Store',
    storeCheck: 'Store and check',
    hostname: 'Hostname',
    visits: 'Visits',
    tokenTitle: 'Access token',
    tokenText: 'This Vigía asks for its HTTP_TOKEN. It is kept until this tab is closed.',
    token: 'Token',
    tokenSend: 'Open the panel',
    tokenWrong: 'This token is not accepted.',
    connecting: 'Connecting…',
    on: 'Live',
    off: 'Disconnected, trying again…',
    all: 'All',
    normal: 'Normal',
    alarm: 'Alarm',
    warmup: 'Warm-up',
    silent: 'Silent',
    noSensors:
      'No sensor has published yet. Publish a number to sensors/<sensor>/<metric>, or store a value by hand.',
    noMatch: 'No sensor matches.',
    counted: using((n, all) => `${n} of ${all}`),
    open: 'open',
    cleared: 'cleared',
    retracted: 'retracted',
    acknowledge: 'Acknowledge',
    acknowledged: 'Acknowledged',
    ackOf: using((what) => `Acknowledge the alert on ${what}`),
    openCount: using((n) => `${n} open`),
    onlyOf: using((what) => `Only ${what}`),
    acknowledgeAll: using((n) => `Acknowledge all ${n}`),
    more: 'Show more',
    lasted: using((time) => `for ${time}`),
    rules: {
      anomaly: 'anomaly',
      min: 'below the minimum',
      max: 'above the maximum',
      rate: 'changes too fast',
      missing: 'silent',
    },
    forecastOf: using((v) => `forecast ${v}`),
    limitOf: using((v) => `limit ${v}`),
    scoreOf: using((v) => `score ${v}`),
    announce: using((what, rule, v) => `Alert on ${what}: ${rule}, ${v}`),
    stored: using((v) => `${v} stored.`),
    isAnomaly: using((v, e) => `Anomaly: ${v}, forecast ${e}.`),
    noAnomaly: using((v, e) => `No anomaly: ${v}, forecast ${e}.`),
    tooLittle: using((n) => `Stored. Not enough history yet to check: ${n} values.`),
    badValue: 'Enter a number, such as 21.5.',
    badSensor: 'Enter the name of a sensor, not too long.',
    tooMany: 'Too many at a time. Try again in a moment.',
    failed: 'This did not work. Try again.',
    busy: 'The store is not available. Try again later.',
    summary: using((n, values, k) => `Points: ${n}, ${values}. Alerts: ${k}.`),
    nothing: 'No readings in this time.',
    unknown: 'unknown',
    accounting: (/** @type {Record<string, string>} */ n) =>
      `Received ${n.received} = committed ${n.committed} + duplicate ${n.duplicate} + dead letters ${n.deadLettered} + rejected ${n.rejected} + in flight ${n.inFlight}`,
    program: using((version, store) => ` · Vigía ${version}, ${store} store`),
  },
  es: {
    skip: 'Ir al gráfico',
    language: 'Idioma',
    dark: 'Oscuro',
    sensors: 'Sensores',
    search: 'Buscar sensores',
    byState: 'Mostrar por estado',
    noChoice: 'Ningún sensor elegido',
    range: 'Periodo mostrado',
    move: 'Moverse en el tiempo',
    earlier: 'Antes',
    later: 'Después',
    follow: 'Volver a ahora',
    notRead: 'No se han podido leer las lecturas de este periodo.',
    again: 'Reintentar',
    ago: using((time) => `hace ${time}`),
    average: 'media',
    averageOf: using((v) => `media ${v}`),
    from: using((min, max) => `de ${min} a ${max}`),
    year: '1 a',
    wholeSeries: 'Serie completa:',
    remove: 'Eliminar…',
    removeTitle: '¿Eliminar esta serie?',
    removeText: using(
      (what) => `Se eliminan todas las lecturas y alertas de ${what}. No se podrán recuperar.`,
    ),
    removeNow: 'Eliminar para siempre',
    cancel: 'Cancelar',
    choose: 'Elija un sensor para ver sus lecturas.',
    value: 'valor',
    expected: 'pronóstico',
    band: 'margen de error habitual',
    minmax: 'de mínimo a máximo',
    anomaly: 'anomalía',
    asTable: 'Últimas lecturas en una tabla',
    time: 'Hora',
    score: 'Puntuación',
    alerts: 'Alertas',
    noAlerts: 'No hay alertas.',
    entry: 'Entrada manual',
    sensor: 'Sensor',
    temperature: 'Temperatura (°C)',
    store: 'Guardar',
    storeCheck: 'Guardar y comprobar',
    hostname: 'Hostname',
    visits: 'Visitas',
    tokenTitle: 'Clave de acceso',
    tokenText: 'Este Vigía pide su HTTP_TOKEN. Se recuerda hasta que se cierre esta pestaña.',
    token: 'Clave',
    tokenSend: 'Abrir el panel',
    tokenWrong: 'Esta clave no es válida.',
    connecting: 'Conectando…',
    on: 'En directo',
    off: 'Sin conexión, reintentando…',
    all: 'Todos',
    normal: 'Normal',
    alarm: 'Alarma',
    warmup: 'Aprendiendo',
    silent: 'Sin datos',
    noSensors:
      'Ningún sensor ha publicado todavía. Publique un número en sensors/<sensor>/<metric> o guarde un valor a mano.',
    noMatch: 'Ningún sensor coincide.',
    counted: using((n, all) => `${n} de ${all}`),
    open: 'abierta',
    cleared: 'resuelta',
    retracted: 'retirada',
    acknowledge: 'Confirmar',
    acknowledged: 'Confirmada',
    ackOf: using((what) => `Confirmar la alerta de ${what}`),
    openCount: using((n) => `${n} ${n === '1' ? 'abierta' : 'abiertas'}`),
    onlyOf: using((what) => `Solo ${what}`),
    acknowledgeAll: using((n) => `Confirmar las ${n}`),
    more: 'Mostrar más',
    lasted: using((time) => `durante ${time}`),
    rules: {
      anomaly: 'anomalía',
      min: 'bajo el mínimo',
      max: 'sobre el máximo',
      rate: 'cambia demasiado rápido',
      missing: 'sin datos',
    },
    forecastOf: using((v) => `pronóstico ${v}`),
    limitOf: using((v) => `límite ${v}`),
    scoreOf: using((v) => `puntuación ${v}`),
    announce: using((what, rule, v) => `Alerta de ${what}: ${rule}, ${v}`),
    stored: using((v) => `${v} guardado.`),
    isAnomaly: using((v, e) => `Anomalía: ${v}, pronóstico ${e}.`),
    noAnomaly: using((v, e) => `Sin anomalía: ${v}, pronóstico ${e}.`),
    tooLittle: using((n) => `Guardado. Aún no hay datos suficientes para comprobar: ${n} valores.`),
    badValue: 'Escriba un número, por ejemplo 21,5.',
    badSensor: 'Escriba el nombre de un sensor, no demasiado largo.',
    tooMany: 'Demasiadas a la vez. Inténtelo dentro de un momento.',
    failed: 'No ha funcionado. Inténtelo de nuevo.',
    busy: 'El almacén de datos no está disponible. Inténtelo más tarde.',
    summary: using((n, values, k) => `Puntos: ${n}, ${values}. Alertas: ${k}.`),
    nothing: 'No hay lecturas en este periodo.',
    unknown: 'desconocidas',
    accounting: (/** @type {Record<string, string>} */ n) =>
      `Recibidas ${n.received} = guardadas ${n.committed} + duplicadas ${n.duplicate} + apartadas ${n.deadLettered} + rechazadas ${n.rejected} + en curso ${n.inFlight}`,
    program: using(
      (version, store) => ` · Vigía ${version}, almacén ${store === 'embedded' ? 'integrado' : 'Redis'}`,
    ),
  },
};

/** @type {'en' | 'es'} */
let language = firstLanguage();
let numbers = numberFormats();

function numberFormats() {
  const digits = { maximumSignificantDigits: 6 };
  return {
    plain: new Intl.NumberFormat(language, digits),
    scientific: new Intl.NumberFormat(language, { ...digits, notation: 'scientific' }),
  };
}

/** @returns {'en' | 'es'} what the address, the last choice or the browser says */
function firstLanguage() {
  const wanted = new URLSearchParams(location.search).get('lang') ?? kept('language') ?? navigator.language;
  return wanted.startsWith('es') ? 'es' : 'en';
}

export const currentLanguage = () => language;
export const text = () => TEXT[language];

/** @param {'en' | 'es'} chosen */
export function useLanguage(chosen) {
  language = chosen;
  numbers = numberFormats();
  document.documentElement.lang = language;
  const strings = /** @type {Record<string, string>} */ (/** @type {unknown} */ (text()));
  const kinds = { text: '', label: 'aria-label', placeholder: 'placeholder' };
  for (const [kind, attribute] of Object.entries(kinds))
    for (const element of /** @type {Iterable<HTMLElement>} */ (
      document.querySelectorAll(`[data-${kind}]`)
    )) {
      const said = strings[element.dataset[kind] ?? ''] ?? '';
      if (attribute) element.setAttribute(attribute, said);
      else element.textContent = said;
    }
}

/** Huge and tiny ones with an exponent, else they have hundreds of digits. @param {number} value */
export function number(value) {
  const size = Math.abs(value);
  return (size >= 1e15 || (size > 0 && size < 1e-9) ? numbers.scientific : numbers.plain).format(value);
}

/** @param {number} value @param {string | null} unit */
export const quantity = (value, unit) => (unit ? `${number(value)}\u00a0${unit}` : number(value));

/** Of a forecast, which is not as exact as it is long. @param {number} value @param {string | null} unit */
export const about = (value, unit) => quantity(Number(value.toPrecision(4)), unit);

/** Time of day; with the date where that is not today. @param {number} t ms */
export function moment(t) {
  const date = new Date(t);
  const today = date.toDateString() === new Date().toDateString();
  return date.toLocaleString(language, {
    ...(today ? {} : { dateStyle: 'medium' }),
    timeStyle: 'medium',
    hourCycle: 'h23',
  });
}

/** How long something lasts, in its largest unit. @param {number} ms */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  /** @type {[string, number]} */
  const [unit, n] =
    seconds < 60
      ? ['second', seconds]
      : seconds < 3600
        ? ['minute', seconds / 60]
        : seconds < 172_800
          ? ['hour', seconds / 3600]
          : ['day', seconds / 86_400];
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'short' }).format(Math.floor(n));
}

/** @param {number} ms */
export const ago = (ms) => text().ago(duration(ms));

/** From when to when, with the date. @param {number} from ms @param {number} to ms */
export const timeSpan = (from, to) =>
  new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: to - from < 600_000 ? 'medium' : 'short',
    hourCycle: 'h23',
  }).formatRange(from, to);

/** A state or rule as shown; one that this page does not know stands for itself. @param {string} state */
export function stateName(state) {
  const strings = text();
  return state === 'normal' || state === 'alarm' || state === 'warmup' || state === 'silent'
    ? strings[state]
    : state;
}

/** @param {string} rule */
export const ruleName = (rule) => /** @type {Record<string, string>} */ (text().rules)[rule] ?? rule;
