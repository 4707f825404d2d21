/** Finds out whether the ports of a start are free, and whether a running Vigía uses them. */
import { createServer } from 'node:net';
import { listen } from '../../broker/listen.ts';
import { ConfigurationError } from '../errors.ts';
import type { Config } from '../settings/config.ts';
import { urlHost } from './terminal.ts';

export interface PortProblem {
  readonly message: string;
  /** Another program listens at the port. */
  readonly taken: boolean;
}

/** Tries to listen at the port. @returns why a server cannot listen there; null if it can */
export async function portProblem(host: string, port: number, setting: string): Promise<PortProblem | null> {
  const server = createServer();
  try {
    await listen(server, { host, port, setting });
    await new Promise((resolve) => server.close(resolve));
    return null;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return { message: error.message, taken: (error.cause as NodeJS.ErrnoException).code === 'EADDRINUSE' };
  }
}

export interface RunningVigia {
  readonly role: string;
  /** The client id of the running Vigía. */
  readonly replica: string;
  readonly store: string;
  /** Readings that wait apart from the others, by reason. */
  readonly waiting: Readonly<Record<string, number>>;
  readonly ready: boolean;
  /** The answer of /readyz. */
  readonly state: string;
}

/** The Vigía that answers at HOST and PORT; null without one. Its metrics show that the program is Vigía. */
export async function runningVigia(config: Config, timeoutMs: number): Promise<RunningVigia | null> {
  const ask = async (path: string) => {
    const url = `http://${urlHost(config.http.host)}:${config.http.port}${path}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return { ok: response.ok, text: await response.text() };
  };
  try {
    const [metrics, readiness] = await Promise.all([ask('/metrics'), ask('/readyz')]);
    const info = /^vigia_build_info\{(.*)\} 1$/m.exec(metrics.text)?.[1];
    if (info === undefined) return null;
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(info)?.[1] ?? '';
    return {
      role: label('role'),
      replica: label('replica'),
      store: label('store'),
      waiting: Object.fromEntries(
        Array.from(
          metrics.text.matchAll(/^vigia_readings_waiting\{reason="([^"]*)"\} (\d+)$/gm),
          ([, reason, count]) => [reason!, Number(count)],
        ),
      ),
      ready: readiness.ok,
      state: readiness.text.slice(0, 300),
    };
  } catch {
    return null;
  }
}
