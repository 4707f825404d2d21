/**
 * Reads the settings. This file alone reads the environment. Every problem is reported at once, and the result is frozen.
 * `NAME_FILE` reads the value of NAME from a file, which suits secrets. An option of the command line goes before the
 * environment, and the environment goes before the configuration file (VIGIA_CONFIG).
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { z } from 'zod';
import { ConfigurationError } from '../errors.ts';
import { type ConfigFile, readConfigFile } from './config-file.ts';
import { SECTIONS, SETTINGS, type SettingName } from './sections.ts';
import type { Section, Setting } from './setting.ts';

type Sections = typeof SECTIONS;
type Value<T> = T extends { readonly schema: infer S extends z.ZodType } ? z.output<S> : never;
type WithDefault<T> = { [K in keyof T]: T[K] extends { readonly fallback: string } ? K : never }[keyof T];
type Values<T> = { readonly [K in WithDefault<T>]: Value<T[K]> } & {
  readonly [K in Exclude<keyof T, WithDefault<T>>]?: Value<T[K]>;
};

/** The validated settings by section. Durations are in ms, sizes in bytes. A setting without default is absent until it is given. */
export type Config = { readonly [S in keyof Sections]: Values<Sections[S]['settings']> } & {
  /** MQTT_CLIENT_ID, or what stands for it. */
  readonly clientId: string;
};

interface Given {
  readonly text: string;
  /** For messages. */
  readonly source: string;
}

/** @param problems at least one, each beginning with the setting's name */
export function unusable(problems: readonly string[]): ConfigurationError {
  const [field = ''] = problems[0]!.split(':');
  return new ConfigurationError(`the configuration is not usable:\n  ${problems.join('\n  ')}`, { field });
}

/**
 * Reads and checks the settings.
 * @param options what the command line says; it goes before the environment
 * @param env an empty text counts as not set, unless the setting gives it a meaning
 * @param path of the configuration file; default: the file that VIGIA_CONFIG names
 * @throws ConfigurationError that lists every problem, one a line, each beginning with the setting's name, or with file,
 *   line and key
 */
export function readConfig(
  options: Readonly<Partial<Record<SettingName, string>>> = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
  path = env.VIGIA_CONFIG,
): Config {
  const settings = Object.entries(SETTINGS) as [SettingName, Setting][];
  const shapes = new Map(settings.map(([name, { shape }]) => [name as string, shape]));
  const keys = new Map(settings.flatMap(([name, { fileKey }]) => (fileKey ? [[fileKey, name]] : [])));
  const file: ConfigFile = path ? readConfigFile(path, shapes, keys) : { values: new Map(), problems: [] };
  const problems: string[] = [...file.problems];
  const values: Record<string, unknown> = {};
  for (const [name, setting] of settings) {
    const given = givenText(setting, options[name], env, file, problems);
    if (given) values[name] = checked(setting, given, problems);
  }
  const sections = Object.entries<Section>(SECTIONS);
  for (const [, { derive }] of sections) Object.assign(values, derive?.(values));
  for (const [, section] of sections) problems.push(...(section.problems?.(values) ?? []));
  if (problems.length > 0) throw unusable(problems);
  const config = Object.fromEntries(
    sections.map(([key, section]) => [key, byProperty(section, values)]),
  ) as unknown as Omit<Config, 'clientId'>;
  const clientId = config.mqtt.clientId ?? `vigia-${hostname()}-${config.http.port}`;
  return Object.freeze({ ...config, clientId });
}

/** `{ MQTT_URL: … }` becomes `{ url: … }`. */
function byProperty({ settings }: Section, values: Readonly<Record<string, unknown>>): object {
  const entries = Object.entries(settings).map(([property, { name }]) => [property, values[name]]);
  return Object.freeze(Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
}

/** @returns null where nothing is given and there is no default, and where a problem was found */
function givenText(
  { name, fallback, mayBeEmpty }: Setting,
  option: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
  file: ConfigFile,
  problems: string[],
): Given | null {
  if (option !== undefined) return { text: option, source: name };
  const inEnvironment = (key: string, emptyToo = false): Given | undefined => {
    const text = env[key];
    return text === undefined || (text === '' && !emptyToo) ? undefined : { text, source: key };
  };
  const inFile = (key: string): Given | undefined => {
    const value = file.values.get(key);
    return value && { text: value.text, source: value.where };
  };
  let given = chosen(name, inEnvironment(name, mayBeEmpty), inEnvironment(`${name}_FILE`), problems);
  if (given === undefined) given = chosen(name, inFile(name), inFile(`${name}_FILE`), problems);
  if (given === undefined && fallback !== undefined) return { text: fallback, source: name };
  return given ?? null;
}

/** @returns undefined where a problem was found */
function checked({ schema, secret, long }: Setting, { text, source }: Given, problems: string[]): unknown {
  const result = schema.safeParse(text);
  if (result.success) return result.data;
  const shown = secret || long ? '' : ` (is '${text}')`;
  for (const issue of result.error.issues) problems.push(`${source}: ${issue.message}${shown}`);
  return undefined;
}

/** The value, or what the file that is named instead holds; null where a problem was found. */
function chosen(
  name: string,
  direct: Given | undefined,
  file: Given | undefined,
  problems: string[],
): Given | null | undefined {
  if (!file) return direct;
  if (direct) problems.push(`${name}: set either ${name} or ${name}_FILE, not both`);
  try {
    return { text: readFileSync(file.text, 'utf8').replace(/\r?\n$/, ''), source: file.source };
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? error;
    problems.push(`${file.source}: cannot read '${file.text}' (${why})`);
    return null;
  }
}
