/**
 * ALERT_RECEIVERS: a list of entries in YAML (of which JSON is a part), such as
 *
 *     - {name: on-call, type: pagerduty, key_file: /run/secrets/pagerduty, sensor: 'freezer-*', severity: critical}
 *
 * Each field may be read from a file: `key_file` holds `key`. Only its type's fields are allowed in an entry.
 */
import { readFileSync } from 'node:fs';
import { SEVERITIES, type Severity } from '../domain/severity.ts';
import { isFields, type ReadEntry, readEntryList, Wrong } from './entry-list.ts';
import { EVERYTHING, type Filter, LANGUAGES, type Receiver, type ReceiverType } from './receiver.ts';

type Check = (value: unknown) => unknown;

/** Names stand in keys, metrics and paths. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/;
/** The receivers of ALERT_MQTT and ALERT_WEBHOOK_URL. */
const SHORT_FORMS = ['mqtt', 'webhook'];

const asText: Check = (value) =>
  (typeof value === 'string' && value !== '') || typeof value === 'number'
    ? String(value)
    : new Wrong('must be a text');

const url =
  (...schemes: string[]): Check =>
  (value) => {
    const right =
      typeof value === 'string' &&
      URL.canParse(value) &&
      schemes.includes(new URL(value).protocol.slice(0, -1));
    if (!right)
      return new Wrong(`must be a URL that begins with ${schemes.map((s) => `${s}://`).join(' or ')}`);
    const { username, password } = new URL(value);
    try {
      decodeURIComponent(username + password);
      return value;
    } catch {
      return new Wrong('must have user name and password percent-encoded: a % is written %25');
    }
  };

const web = url('http', 'https');

const patterns: Check = (value) => {
  const list = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((each) => typeof each === 'string' && each !== '')
    ? list
    : new Wrong('must be a name or a list of names, in which * stands for any characters and ? for one');
};

const choice =
  (values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string) ? value : new Wrong(`must be one of ${values.join(', ')}`);

const severities: Check = (value) => {
  const list = Array.isArray(value) ? value : [value];
  return list.length > 0 && list.every((each) => SEVERITIES.includes(each as Severity))
    ? list
    : new Wrong(`must be one of ${SEVERITIES.join(', ')}, or a list of them`);
};

const name: Check = (value) =>
  typeof value === 'string' && NAME.test(value)
    ? value
    : new Wrong('must be small letters, digits, - and _, at most 63 of them');

interface Field {
  readonly check: Check;
  readonly required?: true;
  readonly fallback?: string;
  /** A message does not repeat its value. */
  readonly secret?: true;
}

const required = (check: Check, more: Partial<Field> = {}): Field => ({ check, required: true, ...more });
const SECRET_URL = required(web, { secret: true });
const CREDENTIALS = { username: { check: asText }, password: { check: asText, secret: true } } as const;

const COMMON: Readonly<Record<string, Field>> = {
  name: required(name),
  type: required(asText),
  sensor: { check: patterns },
  metric: { check: patterns },
  rule: { check: patterns },
  severity: { check: severities },
  language: { check: choice(LANGUAGES), fallback: 'en' },
  ca: { check: asText, secret: true },
};

/** The fields of each type, besides those that all have. */
const TYPES: Readonly<Record<ReceiverType, Readonly<Record<string, Field>>>> = {
  webhook: { url: SECRET_URL, secret: { check: asText, secret: true } },
  alertmanager: { url: SECRET_URL, token: { check: asText, secret: true }, ...CREDENTIALS },
  slack: { url: SECRET_URL },
  teams: { url: SECRET_URL },
  discord: { url: SECRET_URL },
  ntfy: {
    url: { check: web, fallback: 'https://ntfy.sh', secret: true },
    topic: required(asText, { secret: true }),
    token: { check: asText, secret: true },
  },
  telegram: {
    url: { check: web, fallback: 'https://api.telegram.org', secret: true },
    token: required(asText, { secret: true }),
    chat: required(asText),
  },
  pagerduty: {
    url: { check: web, fallback: 'https://events.pagerduty.com/v2/enqueue', secret: true },
    key: required(asText, { secret: true }),
  },
  email: {
    url: required(url('smtp', 'smtps'), { secret: true }),
    from: required(asText),
    to: required(asText),
    ...CREDENTIALS,
  },
};

/**
 * Reads ALERT_RECEIVERS, and the files that its entries name.
 * @returns the receivers, and every problem: each names the entry, its line and the field. With problems the receivers are
 *   not to be used.
 */
export function parseReceivers(text: string): {
  receivers: readonly Receiver[];
  problems: readonly string[];
} {
  const seen = new Set(SHORT_FORMS);
  const { entries, problems } = readEntryList(text, (entry) => {
    const read = readEntry(entry);
    const { name } = read.value;
    if (typeof name !== 'string' || !seen.has(name)) {
      seen.add(name);
      return read;
    }
    const why = SHORT_FORMS.includes(name)
      ? `is the receiver of ALERT_${name.toUpperCase()}`
      : 'is the name of an earlier entry';
    return { ...read, problems: [...read.problems, `, name: ${why} ('${name}')`] };
  });
  return { receivers: entries, problems };
}

function readEntry(entry: unknown): ReadEntry<Receiver> {
  if (!isFields(entry)) {
    const example = '{name: team, type: slack, url_file: /run/secrets/slack}';
    return { value: {} as Receiver, problems: [`: must be fields such as name, type: ${example}`] };
  }
  const type = entry.type as ReceiverType;
  if (!Object.hasOwn(TYPES, String(type))) {
    return { value: {} as Receiver, problems: [`, type: must be one of ${Object.keys(TYPES).join(', ')}`] };
  }
  const fields = { ...COMMON, ...TYPES[type] };
  const problems: string[] = [];
  const given = new Map<string, unknown>();
  for (const [key, value] of Object.entries(entry)) {
    const field = Object.hasOwn(fields, key) ? key : key.replace(/_file$/, '');
    if (!Object.hasOwn(fields, field)) {
      problems.push(`, ${key}: is no field of type ${type}: ${Object.keys(fields).join(', ')}`);
    } else if (given.has(field)) problems.push(`, ${field}: give either ${field} or ${field}_file, not both`);
    else given.set(field, field === key ? value : fileText(key, value, problems));
  }
  const values: Record<string, unknown> = {};
  for (const [field, { check, required, fallback, secret }] of Object.entries(fields)) {
    const value = given.get(field) ?? fallback;
    if (value === undefined) {
      if (required && !given.has(field)) problems.push(`, ${field}: is missing`);
      continue;
    }
    const read = check(value);
    if (!(read instanceof Wrong)) values[field] = read;
    else problems.push(`, ${field}: ${read.must}${secret ? '' : ` (is ${JSON.stringify(value)})`}`);
  }
  const { sensor, metric, rule, severity, ...rest } = values;
  const filter = {
    sensors: sensor ?? EVERYTHING.sensors,
    metrics: metric ?? EVERYTHING.metrics,
    rules: rule ?? EVERYTHING.rules,
    severities: severity ?? EVERYTHING.severities,
  } as Filter;
  return { value: Object.freeze({ ...rest, filter }) as Receiver, problems };
}

function fileText(key: string, path: unknown, problems: string[]): string | undefined {
  try {
    return readFileSync(String(path), 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? error;
    problems.push(`, ${key}: cannot read '${path}' (${why})`);
    return undefined;
  }
}
