/** Runs the built command line (`npm run build` comes before the tests) as a user would. */
import { join, resolve } from 'node:path';
import { type Child, type ChildOptions, startChild, waitForOutput } from './child.ts';

export const ROOT = resolve(import.meta.dirname, '../..');

export function vigia(args: readonly string[], options: ChildOptions = {}): Child {
  return startChild(join(ROOT, 'bin/vigia.js'), args, {
    ...options,
    env: { LOG_LEVEL: 'warn', ...options.env },
  });
}

/** Runs to the end. */
export async function runVigia(
  args: readonly string[],
  options: ChildOptions = {},
): Promise<{ readonly code: number | string; readonly output: string }> {
  const child = vigia(args, options);
  const code = await child.exited;
  return { code, output: child.output() };
}

export interface Served extends Child {
  readonly url: string;
  readonly mqttUrl: string;
}

/** `vigia serve` on free ports, once it is open. */
export async function serve(args: readonly string[], options: ChildOptions = {}): Promise<Served> {
  const child = vigia(['serve', '--port', '0', '--mqtt-port', '0', ...args], options);
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  const [, mqttUrl] = await waitForOutput(child, /MQTT\s+(mqtt:\/\/\S+)/);
  await waitForOutput(child, /devices\s/);
  return { ...child, url: url!, mqttUrl: mqttUrl! };
}

/** GET as JSON. */
export async function getJson<T>(url: string): Promise<T> {
  const response = await fetch(url, { headers: { accept: 'application/json' } });
  return (await response.json()) as T;
}

/** One metric of a running process; label as in `result="committed"`. */
export async function metric(url: string, name: string, label = ''): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const start = label === '' ? `${name} ` : `${name}{${label}}`;
  const line = text.split('\n').find((candidate) => candidate.startsWith(start));
  return Number(line?.split(' ').at(-1) ?? Number.NaN);
}
