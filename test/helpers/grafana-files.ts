/** The dashboards and data sources under stack/grafana, and what Grafana makes of the variables in their queries. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dashboard, Panel } from '@grafana/schema';
import { parse } from 'yaml';
import { ROOT } from './vigia.ts';

export const GRAFANA = join(ROOT, 'stack/grafana');

export interface DataSource {
  readonly name: string;
  readonly uid: string;
  readonly type: string;
  readonly url?: string;
  readonly jsonData: Readonly<Record<string, unknown>>;
  readonly secureJsonData?: Readonly<Record<string, string>>;
}

/** What a query of a panel or of a variable says. */
export type Target = Readonly<Record<string, unknown>> & {
  readonly refId: string;
  readonly datasource: { readonly type: string; readonly uid: string };
};

export interface Query {
  /** Dashboard and panel or variable, for messages. */
  readonly where: string;
  readonly target: Target;
  readonly panel?: Panel;
}

export function dataSources(): DataSource[] {
  return parse(readFileSync(join(GRAFANA, 'provisioning/datasources/vigia.yml'), 'utf8')).datasources;
}

/** By file name. */
export function dashboards(): Map<string, Dashboard> {
  const names = readdirSync(join(GRAFANA, 'dashboards'));
  return new Map(
    names.map((name) => [name, JSON.parse(readFileSync(join(GRAFANA, 'dashboards', name), 'utf8'))]),
  );
}

export function panelsOf(dashboard: Dashboard): Panel[] {
  return (dashboard.panels ?? []).filter((panel): panel is Panel => panel.type !== 'row');
}

/** What a table's columns are called after which field, and in which order. */
export interface Columns {
  readonly indexByName: Readonly<Record<string, number>>;
  readonly renameByName: Readonly<Record<string, string>>;
  readonly excludeByName: Readonly<Record<string, boolean>>;
}

export function columnsOf({ transformations = [] }: Panel): Columns {
  const found = transformations.find(({ id }) => id === 'organize')?.options as Columns | undefined;
  return found ?? { indexByName: {}, renameByName: {}, excludeByName: {} };
}

/** Every query of a dashboard at the data sources of one type, those of its variables first. */
export function queries(file: string, type: string): Query[] {
  const dashboard = dashboards().get(file)!;
  const variables = (dashboard.templating?.list ?? []).flatMap(({ name, query, datasource, regex }) => {
    if (datasource?.type !== type) return [];
    const own = typeof query === 'object' ? query : { query };
    const target = {
      refId: name,
      regex,
      ...own,
      ...(own.infinityQuery as object),
      datasource,
    } as unknown as Target;
    return [{ where: `${file}, variable ${name}`, target }];
  });
  const panels = panelsOf(dashboard).flatMap((panel) =>
    ((panel.targets ?? []) as unknown as Target[])
      .filter(({ datasource }) => datasource.type === type)
      .map((target) => ({ where: `${file}, ${panel.title} ${target.refId}`, target, panel })),
  );
  return [...variables, ...panels];
}

/** Names of variables that a value (a query, a title …) refers to. */
export function variablesIn(value: unknown): string[] {
  const text = JSON.stringify(value);
  const found = text.matchAll(/\$\{(\w+)(?:[.:[][^}]*)?\}|\$(\w+)/g);
  return [...found].map(([, braced, bare]) => (braced ?? bare)!);
}

/** Puts values in the places of `$name`, `${name}` and `${name:percentencode}`. @throws for a variable without a value */
export function interpolate(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replaceAll(/\$\{(\w+)(?::(\w+))?\}|\$(\w+)/g, (_, braced, format, bare) => {
    const value = values[braced ?? bare];
    if (value === undefined) throw new Error(`${text}: no value for ${braced ?? bare}`);
    if (format === undefined) return String(value);
    if (format !== 'percentencode') throw new Error(`${text}: unknown format ${format}`);
    return encodeURIComponent(value);
  });
}
