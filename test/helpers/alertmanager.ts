/** A real Prometheus Alertmanager on a free port; gone when the test ends. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, startChild } from './child.ts';
import { findProgram } from './program.ts';
import { temporaryDirectory } from './temporary-directory.ts';
import { getJson } from './vigia.ts';
import { waitFor } from './wait-for.ts';

export const ALERTMANAGER = findProgram('prometheus-alertmanager');

export interface ManagedAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

export interface Alertmanager {
  readonly url: string;
  /** The alerts that fire now. */
  alerts(): Promise<ManagedAlert[]>;
  /** Ends it and starts it anew on the same port; it has forgotten all alerts. */
  restart(): Promise<void>;
}

export async function startAlertmanager(): Promise<Alertmanager> {
  const directory = temporaryDirectory();
  const config = join(directory, 'alertmanager.yml');
  writeFileSync(config, 'route: {receiver: nobody}\nreceivers: [{name: nobody}]\n');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const start = async () => {
    const child = startChild(ALERTMANAGER!, [
      `--config.file=${config}`,
      `--storage.path=${join(directory, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
    await waitFor('Alertmanager', async () => (await fetch(`${url}/-/ready`).catch(() => null))?.ok === true);
    return child;
  };
  let child = await start();
  return {
    url,
    alerts: () => getJson<ManagedAlert[]>(`${url}/api/v2/alerts`),
    async restart() {
      await child.kill();
      child = await start();
    },
  };
}
