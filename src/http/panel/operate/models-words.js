/** What the part on models says. */
import { spoken } from './parts.js';

const english = {
  inForce: 'In force',
  models: 'In the store',
  history: 'Promotions that can be rolled back',
  none: 'The store has no models yet.',
  start: (/** @type {string} */ id) => `Every series is judged by ${id}.`,
  own: 'started with',
  noneBefore: 'the one of the start',
  judges: (/** @type {string} */ id) => `judged by ${id}`,
  beside: (/** @type {string} */ id) => `beside it, as a shadow: ${id}`,
  window: (/** @type {string} */ n) => `window ${n}`,
  threshold: (/** @type {string} */ n) => `threshold ${n}`,
  compare: 'Compare',
  shadow: 'Shadow…',
  promote: 'Promote…',
  rollBack: 'Roll back…',
  rollBackText: (/** @type {string} */ what) => `${what} goes back to the model before the last promotion.`,
  endShadow: 'End shadow…',
  endShadowText: (/** @type {string} */ id) => `${id} stops scoring beside the active model.`,
  shadowTitle: (/** @type {string} */ id) => `Let ${id} score as a shadow?`,
  shadowText: 'It scores beside the active model and raises no alerts. For which series (patterns):',
  shadowNow: 'Start shadow',
  promoteTitle: (/** @type {string} */ id) => `Promote ${id}?`,
  promoteText:
    'It judges each series from its next reading on, on all replicas. For which series (patterns):',
  promoteNow: 'Promote',
  sensor: 'Sensor',
  metric: 'Metric',
  on: (/** @type {string} */ n, /** @type {string} */ m) =>
    `Judges ${n} series, and scores ${m} as a shadow.`,
  compared: (/** @type {string} */ n, /** @type {{ errors: string, alerts: string }} */ { errors, alerts }) =>
    `${n} readings · mean error, active / shadow: ${errors} · alerts: ${alerts}`,
};
/** @type {typeof english} */
const spanish = {
  inForce: 'En vigor',
  models: 'En el almacén',
  history: 'Promociones que se pueden deshacer',
  none: 'El almacén aún no tiene modelos.',
  start: (id) => `${id} juzga todas las series.`,
  own: 'el del arranque',
  noneBefore: 'el del arranque',
  judges: (id) => `juzgada por ${id}`,
  beside: (id) => `a su lado, como sombra: ${id}`,
  window: (n) => `ventana ${n}`,
  threshold: (n) => `umbral ${n}`,
  compare: 'Comparar',
  shadow: 'Sombra…',
  promote: 'Promover…',
  rollBack: 'Deshacer…',
  rollBackText: (what) => `${what} vuelve al modelo anterior a la última promoción.`,
  endShadow: 'Terminar sombra…',
  endShadowText: (id) => `${id} deja de puntuar junto al modelo activo.`,
  shadowTitle: (id) => `¿Dejar que ${id} puntúe como sombra?`,
  shadowText: 'Puntúa junto al modelo activo y no produce alertas. Para qué series (patrones):',
  shadowNow: 'Empezar sombra',
  promoteTitle: (id) => `¿Promover ${id}?`,
  promoteText:
    'Juzga cada serie desde su próxima lectura, en todas las réplicas. Para qué series (patrones):',
  promoteNow: 'Promover',
  sensor: 'Sensor',
  metric: 'Métrica',
  on: (n, m) => `Juzga ${n} series y puntúa ${m} como sombra.`,
  compared: (n, { errors, alerts }) =>
    `${n} lecturas · error medio, activo / sombra: ${errors} · alertas: ${alerts}`,
};
export const words = () => spoken(english, spanish);
