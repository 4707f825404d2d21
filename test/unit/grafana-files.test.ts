/**
 * The files under stack/grafana, without Grafana, which is in no registry that tests may use: against the types of
 * @grafana/schema (of the release that the stack runs), and every name in them against what it names.
 * test/e2e/grafana-queries.test.ts and test/e2e/prometheus.test.ts run the queries.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dashboard } from '@grafana/schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  columnsOf,
  dashboards,
  dataSources,
  GRAFANA,
  panelsOf,
  queries,
  variablesIn,
} from '../helpers/grafana-files.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { ROOT } from '../helpers/vigia.ts';

const FILES = ['bridges.json', 'telemetria-redis.json', 'telemetria.json'];
/** Of Grafana itself, in every dashboard. */
const GLOBALS = ['__from', '__to', '__interval_ms', '__rate_interval'];
const IN_LINKS = ['__value', '__data', '__dashboard', '__url_time_range'];
/** Those of Grafana's units (@grafana/data, valueFormats) that the dashboards use; a name that is none is shown as text. */
const UNITS = ['bytes', 'cps', 'dateTimeAsIso', 'percentunit', 's', 'short'];
const PANEL_TYPES = { timeseries: 'TimeSeries', stat: 'Stat', table: 'Table' } as const;

/** A program whose every object literal must satisfy the types of Grafana. */
function typed(dashboard: Dashboard): string {
  const imports = Object.entries(PANEL_TYPES).map(
    ([type, name]) =>
      `import type * as ${type} from '@grafana/schema/dist/esm/raw/composable/${type}/panelcfg/x/${name}PanelCfg_types.gen';`,
  );
  const constants: [type: string, value: unknown][] = [['Dashboard', { ...dashboard, panels: [] }]];
  for (const panel of dashboard.panels ?? []) {
    if (panel.type === 'row') {
      constants.push(['RowPanel', panel]);
      continue;
    }
    const { options, fieldConfig, type, ...rest } = panel as Exclude<typeof panel, { type: 'row' }>;
    const { custom, ...defaults } = fieldConfig!.defaults;
    constants.push(
      ['Panel', { ...rest, type }],
      [`${type}.Options`, options],
      [type === 'stat' ? 'object' : `Partial<${type}.FieldConfig>`, custom ?? {}],
      ['FieldConfigSource', { ...fieldConfig, defaults }],
    );
  }
  return `
import type { Dashboard, FieldConfigSource, Panel, RowPanel } from '@grafana/schema';
${imports.join('\n')}
/** Enumerations as they stand in JSON. */
type Json<T> = T extends string ? \`\${T}\`
  : T extends number ? (\`\${T}\` extends \`\${infer N extends number}\` ? N : T)
  : T extends readonly (infer E)[] ? Json<E>[]
  : T extends object ? { [K in keyof T]: Json<T[K]> }
  : T;
${constants.map(([type, value], i) => `export const c${i}: Json<${type}> = ${JSON.stringify(value)};`).join('\n')}
`;
}

describe('dashboards', () => {
  it('are those of the stack, of the types of the Grafana that it runs', { timeout: 60_000 }, () => {
    expect([...dashboards().keys()].sort()).toEqual(FILES);
    const directory = temporaryDirectory();
    symlinkSync(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'package.json'), '{"type":"module"}');
    for (const [name, dashboard] of dashboards()) {
      writeFileSync(join(directory, `${name}.ts`), typed(dashboard));
    }
    const options = { strict: true, noEmit: true, module: 'NodeNext', skipLibCheck: true, types: [] };
    writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions: options }));
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', directory], {
      encoding: 'utf8',
    });
    expect(stdout).toBe('');
  });

  it.each(FILES)('%s names only data sources and variables that there are', (file) => {
    const dashboard = dashboards().get(file)!;
    const sources = new Map(dataSources().map(({ uid, type }) => [uid, type]));
    const variables = (dashboard.templating?.list ?? []).map(({ name }) => name);
    const used = new Set<string>();
    const check = (where: string, datasource: { uid?: string; type?: string } | null | undefined) =>
      expect(datasource?.type, where).toBe(sources.get(datasource?.uid ?? '') ?? 'a provisioned data source');
    for (const { name, type, datasource, query } of dashboard.templating?.list ?? []) {
      if (type === 'query') check(`variable ${name}`, datasource);
      for (const other of variablesIn(query ?? '')) {
        expect(variables.slice(0, variables.indexOf(name)), `variable ${name}`).toContain(other);
        used.add(other);
      }
    }
    for (const panel of panelsOf(dashboard)) {
      check(panel.title!, panel.datasource);
      for (const target of panel.targets ?? []) {
        check(`${panel.title} ${target.refId}`, target.datasource as { uid: string });
      }
      const { overrides } = panel.fieldConfig!;
      for (const name of variablesIn([panel.title, panel.targets])) {
        expect([...variables, ...GLOBALS], panel.title).toContain(name);
        used.add(name);
      }
      for (const name of variablesIn(overrides)) expect(IN_LINKS, panel.title).toContain(name);
    }
    expect([...used]).toEqual(expect.arrayContaining(variables));
  });

  it.each(FILES)('%s is of a schema, and has units, that this Grafana knows', (file) => {
    const dashboard = dashboards().get(file)!;
    // From 42 on, Grafana's own format is another one.
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(dashboard.schemaVersion).toBeLessThanOrEqual(42);
    for (const { title, fieldConfig } of panelsOf(dashboard)) {
      const { defaults, overrides } = fieldConfig!;
      const units = overrides.flatMap(({ properties }) =>
        properties.flatMap(({ id, value }) => (id === 'unit' ? [value] : [])),
      );
      for (const unit of [defaults.unit ?? 'short', ...units]) expect(UNITS, title).toContain(unit);
    }
  });

  it.each(FILES)('%s overrides only columns that there are', (file) => {
    for (const panel of panelsOf(dashboards().get(file)!)) {
      const targets = (panel.targets ?? []) as { refId: string; columns?: { text: string }[] }[];
      const columns = targets.flatMap((target) => (target.columns ?? []).map(({ text }) => text));
      columns.push(...Object.values(columnsOf(panel).renameByName));
      const there: Record<string, string[]> = {
        byName: columns,
        byFrameRefID: targets.map(({ refId }) => refId),
      };
      for (const { matcher } of panel.fieldConfig!.overrides) {
        expect(there[matcher.id], `${panel.title}: ${matcher.options}`).toContain(matcher.options);
      }
    }
  });

  it('show the live panel’s readings as they come', () => {
    // The plugin sends what has come once in an interval, which is that of the range shown.
    const live = panelsOf(dashboards().get('telemetria.json')!).find(
      ({ datasource }) => datasource?.type === 'grafana-mqtt-datasource',
    );
    expect(live!.timeFrom).toBe('5m');
  });

  it.each(FILES)('%s has panels of unique ids that do not overlap', (file) => {
    const panels = dashboards().get(file)!.panels ?? [];
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const taken = new Map<string, unknown>();
    for (const { id, gridPos } of panels) {
      const { x, y, w, h } = gridPos!;
      expect(x + w, `panel ${id}`).toBeLessThanOrEqual(24);
      for (let column = x; column < x + w; column++) {
        for (let row = y; row < y + h; row++) {
          expect(taken.get(`${column},${row}`), `panel ${id} at ${column},${row}`).toBeUndefined();
          taken.set(`${column},${row}`, id);
        }
      }
    }
  });

  it('have unique uids, and one tag by which their links find them', () => {
    const all = [...dashboards().values()];
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
    for (const { tags, links, uid } of all) {
      expect(uid).toMatch(/^[\w-]{1,40}$/);
      expect(tags).toEqual(['vigia']);
      expect(links?.[0]?.tags).toEqual(tags);
    }
  });

  it('work without redis-datasource, but for the one that is made of it', () => {
    for (const [name, dashboard] of dashboards()) {
      const types = panelsOf(dashboard).map(({ datasource }) => datasource!.type);
      expect(types.includes('redis-datasource'), name).toBe(name === 'telemetria-redis.json');
    }
  });
});

describe('provisioning', () => {
  const folder = (name: string) => readdirSync(join(GRAFANA, 'provisioning', name));

  it('has the data sources, each with what its plugin reads', () => {
    expect(folder('datasources')).toEqual(['vigia.yml']);
    const keys: Record<string, readonly string[]> = {
      prometheus: ['httpMethod', 'timeInterval', 'manageAlerts'],
      'yesoreyeram-infinity-datasource': [
        ...['auth_method', 'allowedHosts', 'pathEncodedUrlsEnabled', 'timeoutInSeconds'],
      ],
      'grafana-mqtt-datasource': [
        ...['uri', 'username', 'clientID', 'tlsAuth', 'tlsAuthWithCACert', 'tlsSkipVerify'],
      ],
      'redis-datasource': [
        ...['client', 'poolSize', 'timeout', 'pingInterval', 'pipelineWindow'],
        ...['acl', 'user', 'cliDisabled'],
      ],
    };
    const sources = dataSources();
    expect(sources.map(({ type }) => type).sort()).toEqual(Object.keys(keys).sort());
    expect(new Set(sources.map(({ uid }) => uid)).size).toBe(sources.length);
    for (const { type, jsonData, url } of sources) {
      expect(Object.keys(jsonData), type).toEqual(keys[type]);
      if (type.includes('infinity')) expect(jsonData.allowedHosts).toEqual([url]);
    }
  });

  it('has the dashboards’ folder', () => {
    expect(folder('dashboards')).toEqual(['vigia.yml']);
    const { providers } = parse(readFileSync(join(GRAFANA, 'provisioning/dashboards/vigia.yml'), 'utf8'));
    expect(providers).toHaveLength(1);
    expect(providers[0]).toMatchObject({ type: 'file', options: { path: '/var/lib/grafana/dashboards' } });
  });

  it('holds no password, only files of secrets', () => {
    const secrets = dataSources().flatMap(({ secureJsonData }) => Object.values(secureJsonData ?? {}));
    expect(secrets).toHaveLength(3);
    for (const secret of secrets) expect(secret).toMatch(/^\$__file\{\/run\/secrets\/\w+\}$/);
  });

  it('reads the scrape interval of prometheus.yml', () => {
    const { global } = parse(readFileSync(join(ROOT, 'stack/prometheus/prometheus.yml'), 'utf8'));
    const prometheus = dataSources().find(({ type }) => type === 'prometheus')!;
    expect(prometheus.jsonData.timeInterval).toBe(global.scrape_interval);
  });
});

describe('stack.yml', () => {
  it.each(['stack.yml', 'compose.yml'])('%s: Grafana is of the release whose types are checked', (file) => {
    const { services } = parse(readFileSync(join(ROOT, 'stack', file), 'utf8'), { merge: true });
    const { version } = JSON.parse(
      readFileSync(join(ROOT, 'node_modules/@grafana/schema/package.json'), 'utf8'),
    );
    const release = (text: string) => /(\d+\.\d+)\.\d+$/.exec(text)![1];
    expect(release(services.grafana.image)).toBe(release(version));
  });

  it('has the services, secrets and replicas that these files name', () => {
    const stack = parse(readFileSync(join(ROOT, 'stack/stack.yml'), 'utf8'), { merge: true });
    for (const { url, jsonData, type } of dataSources()) {
      const host = new URL(url ?? (jsonData.uri as string)).hostname;
      expect(Object.keys(stack.services), type).toContain(host);
    }
    const mounted = (stack.services.grafana.secrets as (string | { source: string; target?: string })[]).map(
      (secret) => (typeof secret === 'string' ? secret : (secret.target ?? secret.source)),
    );
    const named = dataSources().flatMap(({ secureJsonData }) =>
      Object.values(secureJsonData ?? {}).map((value) => /\/run\/secrets\/(\w+)/.exec(value)![1]),
    );
    expect(mounted).toEqual(expect.arrayContaining(named));
    const { groups } = parse(readFileSync(join(ROOT, 'stack/prometheus/replicas.yml'), 'utf8'));
    expect(groups[0].rules[0].expr).toBe(`vector(${stack.services.bridge.deploy.replicas})`);
  });

  it('lets Grafana’s user of Redis run the commands of the dashboard, and no others that write', () => {
    const acl = readFileSync(join(ROOT, 'stack/redis/users.acl'), 'utf8');
    const user = acl.split('\n').find((line) => line.startsWith('user grafana '))!;
    expect(user).toMatch(/ %R~vigia:\* .* -@all /);
    const commands = queries('telemetria-redis.json', 'redis-datasource').map(({ target }) =>
      String(target.command ?? String(target.query).split(' ')[0]).toLowerCase(),
    );
    for (const command of commands) expect(user.split(' ')).toContain(`+${command}`);
    expect(user).not.toMatch(/\+(set|del|evalsha|xadd|ts\.(add|madd|del|create))/);
  });
});
