/** A real Prometheus with the configuration of stack/prometheus, sixty times as fast. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { freePort, startChild } from './child.ts';
import { findProgram } from './program.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { ROOT } from './vigia.ts';
import { waitFor } from './wait-for.ts';

export const PROMETHEUS = findProgram('prometheus');
export const PROMTOOL = findProgram('promtool');
export const SHIPPED = join(ROOT, 'stack/prometheus');

const TIMES = 60;

interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly (readonly [number, string])[];
}

export interface Prometheus {
  /** Scrapes these addresses, `host:port`, instead of those before. */
  target(addresses: readonly string[]): void;
  /** Names of the alerts that fire now. */
  firing(): Promise<string[]>;
  /** `from` to now, a value per second. @throws what Prometheus says of a wrong expression */
  range(expression: string, from: number): Promise<Series[]>;
}

/** Minutes become seconds, `5m` and `5 * 60` alike. */
export function faster(rules: string): string {
  return rules.replaceAll(/\b(\d+)m\b/g, '$1s').replaceAll(/\* 60\b/g, '* 1');
}

/** @param replicas what replicas.yml asks for */
export async function startPrometheus(replicas: number): Promise<Prometheus> {
  const directory = temporaryDirectory();
  const shipped = (name: string) => readFileSync(join(SHIPPED, name), 'utf8');
  const config = parse(shipped('prometheus.yml'));
  for (const [key, text] of Object.entries<string>(config.global)) {
    config.global[key] = `${(Number.parseInt(text, 10) * 1000) / TIMES}ms`;
  }
  // A scrape may take as long as there is until the next: while the store is away it waits for it.
  config.global.scrape_timeout = config.global.scrape_interval;
  const targets = join(directory, 'targets.json');
  for (const job of config.scrape_configs) {
    if (job.job_name !== 'bridge') continue;
    delete job.dns_sd_configs;
    job.file_sd_configs = [{ files: [targets], refresh_interval: '1s' }];
  }
  config.scrape_configs = config.scrape_configs.filter(
    ({ job_name }: { job_name: string }) => job_name === 'bridge',
  );
  writeFileSync(join(directory, 'prometheus.yml'), stringify(config));
  writeFileSync(join(directory, 'rules.yml'), faster(shipped('rules.yml')));
  writeFileSync(
    join(directory, 'replicas.yml'),
    shipped('replicas.yml').replace(/vector\(\d+\)/, `vector(${replicas})`),
  );
  const target = (addresses: readonly string[]) => {
    // Renamed into its place: half a file would be an error.
    writeFileSync(`${targets}.new`, JSON.stringify([{ targets: addresses }]));
    copyFileSync(`${targets}.new`, targets);
  };
  target([]);
  const port = await freePort();
  const child = startChild(PROMETHEUS!, [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=warn',
  ]);
  const url = `http://127.0.0.1:${port}`;
  await waitFor('Prometheus', async () => {
    if (child.process.exitCode !== null) throw new Error(child.output());
    return (await fetch(`${url}/-/ready`)).ok;
  });
  const get = async <T>(path: string, parameters: Record<string, string> = {}): Promise<T> => {
    const response = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const answer = (await response.json()) as { status: string; error?: string; data: T };
    if (answer.status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${answer.error}`);
    return answer.data;
  };
  return {
    target,
    async firing() {
      const { alerts } = await get<{ alerts: { state: string; labels: Record<string, string> }[] }>('alerts');
      return [
        ...new Set(alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname!)),
      ];
    },
    async range(query, from) {
      const range = { start: String(from / 1000), end: String(Date.now() / 1000), step: '1s' };
      return (await get<{ result: Series[] }>('query_range', { query, ...range })).result;
    },
  };
}
