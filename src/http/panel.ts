/**
 * The page at `/`: which replica answered, how often the page was asked for over all replicas, and where to go from here.
 * It also shows while the store is down, because that is when somebody looks.
 */
import { Router } from 'express';
import { within } from './deadline.ts';
import { escapeHtml, htmlPage } from './html.ts';
import type { HttpOptions } from './http-options.ts';
import { queryParameter } from './query-parameter.ts';

const VISITS_DEADLINE_MS = 1_000;

const TEXT = {
  en: {
    intro:
      'Telemetry from MQTT: every reading is stored once, compared with a forecast, and alarms are raised.',
    visits: 'Visits',
    unknown: 'unknown, the store cannot be reached',
    links: {
      '/listar': 'Latest readings of the series manual/temperature (in Spanish)',
      '/api/series': 'All series',
      '/api/alerts': 'Alerts',
      '/readyz': 'Whether broker and store can be reached',
      '/metrics': 'Metrics for Prometheus',
    },
    forms: 'Routes that store a value',
    other: '<a href="/?lang=es" lang="es" hreflang="es">Español</a>',
  },
  es: {
    intro:
      'Telemetría por MQTT: cada lectura se guarda una vez, se compara con un pronóstico y, si hace falta, da la alarma.',
    visits: 'Visitas',
    unknown: 'desconocidas, el almacén de datos no responde',
    links: {
      '/listar': 'Últimas lecturas de la serie manual/temperature',
      '/api/series': 'Todas las series',
      '/api/alerts': 'Alertas',
      '/readyz': 'Si el bróker y el almacén responden',
      '/metrics': 'Métricas para Prometheus',
    },
    forms: 'Rutas que guardan un valor',
    other: '<a href="/" lang="en" hreflang="en">English</a>',
  },
} as const;

export function panelRoutes({ store, hostname }: Pick<HttpOptions, 'store' | 'hostname'>): Router {
  const router = Router();
  router.get('/', async (request, response) => {
    const given = queryParameter(request, 'lang');
    const language = given.kind === 'value' && given.text === 'es' ? 'es' : 'en';
    let visits: number | null = null;
    try {
      // HEAD comes from monitors, not from visitors.
      if (request.method === 'GET') {
        visits = await within(VISITS_DEADLINE_MS, 'the store is slow', store.increment('visits'));
      }
    } catch {
      // The store's own trouble is logged where it is noticed first; the page says what it can.
    }
    response
      .set('Cache-Control', 'no-store')
      .type('html')
      .send(panelPage(language, hostname, visits));
  });
  return router;
}

/** @param visits null while unknown */
export function panelPage(language: 'en' | 'es', hostname: string, visits: number | null): string {
  const text = TEXT[language];
  const links = Object.entries(text.links)
    .map(([path, label]) => `<li><a href="${path}">${path}</a> ${label}</li>`)
    .join('\n');
  return htmlPage(
    language,
    'Vigía',
    `<h1>Vigía</h1>\n<p>${text.intro}</p>\n<ul>\n${links}\n</ul>\n` +
      `<p>${text.forms}: <code>/nuevo?dato=21.5</code>, <code>/detectar?dato=21.5</code>, <code>POST /api/readings</code></p>\n` +
      `<p>Hostname: ${escapeHtml(hostname)}<br>${text.visits}: ${visits ?? text.unknown}</p>\n<p>${text.other}</p>`,
  );
}
