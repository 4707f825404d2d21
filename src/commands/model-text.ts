/** How `vigia model` shows the answers of /api/models. */
import { scopeText } from '../domain/model-table.ts';

interface Comparison {
  readonly since: number;
  readonly readings: number;
  readonly activeError: number | null;
  readonly shadowError: number | null;
  readonly activeAlerts: number;
  readonly shadowAlerts: number;
}

export interface Stored {
  readonly id: string;
  readonly details: {
    readonly name: string;
    readonly version: string;
    readonly window: number;
    readonly lstm: readonly number[];
    readonly scaling: 'window' | 'affine';
    readonly threshold: number;
    readonly origin: { readonly kind: string; readonly source?: string; readonly seed?: number };
  } | null;
  readonly problem: string | null;
}

export interface Report extends Stored {
  readonly activeOn: number;
  readonly shadowOn: number;
  readonly comparison: Comparison | null;
  readonly series: readonly (Comparison & {
    readonly sensor: string;
    readonly metric: string;
    readonly active: string;
  })[];
}

interface Rule {
  readonly sensor: string;
  readonly metric: string;
  readonly model: string | null;
  readonly shadow: string | null;
}

export interface Overview {
  readonly start: string | null;
  readonly own: string;
  readonly rules: readonly Rule[];
  readonly models: readonly Stored[];
}

/** The models in force, the default first. @param comparisons of each shadow */
export function tableLines(
  { start, own, rules }: Overview,
  comparisons: ReadonlyMap<string, Report>,
): string[] {
  const lines: string[] = [];
  const put = (scope: string, text: string) => lines.push(`  ${scope.padEnd(36)}${text}`);
  if (!rules.some(({ sensor, metric, model }) => sensor === '*' && metric === '*' && model !== null)) {
    put('the default', `${start ?? own}  (what replicas start with)`);
  }
  for (const rule of rules.toReversed()) {
    const { model, shadow } = rule;
    if (model !== null) put(scopeText(rule), model);
    if (shadow === null) continue;
    const comparison = comparisons.get(shadow)?.comparison;
    put(scopeText(rule), `shadow ${shadow}${comparison ? `: ${comparisonText(comparison)}` : ''}`);
  }
  return ['in force:', ...lines, 'in the store:'];
}

export function modelLine({ id, details, problem }: Stored): string {
  if (!details) return `  ${id.padEnd(36)}cannot be used: ${problem}`;
  const { window, lstm, scaling, origin } = details;
  const scale = scaling === 'window' ? 'any scale' : 'one scale';
  return `  ${id.padEnd(36)}window ${window}, LSTM ${lstm.join(', ')}, ${scale}, ${origin.kind}`;
}

export function reportLines(report: Report): string[] {
  const { id, details, problem, activeOn, shadowOn, comparison, series } = report;
  const row = (name: string, text: string | number) => `${name.padEnd(12)}${text}`;
  const lines = [row('id', id)];
  if (details) {
    const { window, lstm, scaling, threshold, version, origin } = details;
    lines.push(
      row('window', window),
      row('LSTM', lstm.join(', ')),
      row('scale', scaling === 'window' ? 'of each window' : 'of its training data'),
      row('threshold', `${threshold.toPrecision(5)}${scaling === 'window' ? ' window scales' : ''}`),
      row('version', version),
      row(
        'origin',
        origin.kind === 'keras' ? `Keras, ${origin.source}` : `${origin.kind}, seed ${origin.seed}`,
      ),
    );
  } else lines.push(row('problem', problem ?? ''));
  lines.push(row('active on', `${activeOn} series`), row('shadow on', `${shadowOn} series`));
  if (!comparison) return lines;
  lines.push(row('compared', comparisonText(comparison)), '');
  lines.push(cells('series', 'readings', 'alerts', 'shadow', 'mean error', 'shadow', 'active model'));
  for (const each of series) {
    lines.push(
      cells(
        `${each.sensor}/${each.metric}`,
        each.readings,
        each.activeAlerts,
        each.shadowAlerts,
        number(each.activeError),
        number(each.shadowError),
        each.active,
      ),
    );
  }
  if (shadowOn > series.length) lines.push(`and ${shadowOn - series.length} more`);
  return lines;
}

function comparisonText({
  readings,
  activeAlerts,
  shadowAlerts,
  activeError,
  shadowError,
}: Comparison): string {
  const errors = `${number(activeError)} of the active model, ${number(shadowError)} of the shadow`;
  return `${readings} readings; alerts: ${activeAlerts} of the active model, ${shadowAlerts} of the shadow; mean absolute error: ${errors}`;
}

function cells(name: string, ...rest: readonly [...(string | number)[], string]): string {
  const last = rest.at(-1);
  return `${name.padEnd(30)}${rest
    .slice(0, -1)
    .map((cell) => String(cell).padStart(11))
    .join('')}  ${last}`;
}

function number(error: number | null): string {
  return error === null ? '-' : error.toPrecision(4);
}
