/**
 * `vigia doctor`: says what a start with these settings would find, and what a sample message would become. The command
 * receives no readings: it connects to the broker under an id of its own and subscribes to nothing. It writes to the store
 * what every start writes: a key that lasts a minute and, on a new Redis, the name of the layout. It opens each port for a
 * moment.
 */

import { randomBytes } from 'node:crypto';
import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import mqtt from 'mqtt';
import pino from 'pino';
import { loadArtifact } from '../../models/artifact.ts';
import { defaultModelDirectory } from '../../models/default-model.ts';
import { usableSimd } from '../../models/kernel/kernel.ts';
import { trialRun } from '../../models/trial.ts';
import { settingProblems } from '../app/setting-problems.ts';
import { openExistingStore } from '../app/store-choice.ts';
import { seriesKey } from '../domain/series.ts';
import { redact } from '../domain/url.ts';
import { InvalidInput } from '../errors.ts';
import { changedSettings } from '../settings/changes.ts';
import { type Config, readConfig } from '../settings/config.ts';
import { SIZES } from '../store/sizing.ts';
import { accessFindings } from './access-findings.ts';
import { clock, ownClock } from './clock-findings.ts';
import { explainMessage, type GivenBytes, givenBytes, readingText } from './explained-message.ts';
import type { Finding } from './finding.ts';
import { portProblem, type RunningVigia, runningVigia } from './ports.ts';
import { parseLoad, sizeFindings } from './size-findings.ts';

interface Options extends GivenBytes {
  readonly topic?: string;
  readonly size?: string;
  readonly json?: boolean;
  readonly config?: string;
}

type Store = NonNullable<Awaited<ReturnType<typeof openExistingStore>>>;

/** Longest time of one check, ms. */
const DEADLINE = 5000;
/** How long a running Vigía may take to answer, ms. It answers /readyz within 2 s. */
const ANSWER_MS = 3500;
/** How long to try to reach Redis, ms. The time is enough for a second attempt, and the reason is known before DEADLINE. */
const STORE_PATIENCE = 1000;
/** Less free space on the disk is a warning, bytes. */
const DISK_WARN = 200 * 2 ** 20;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description(
      'checks settings, store, clock, broker, model and ports, and says what a sample message would become',
    )
    .option('--topic <topic>', 'topic of the sample message')
    .option('--payload <text>', 'payload of the sample message')
    .option('--file <file>', 'file that holds the payload of the sample message')
    .option('--hex <digits>', 'payload of the sample message in hexadecimal digits')
    .option(
      '--size <load>',
      'memory or disk for a load, such as 10000x1/m: series x readings of each a minute',
    )
    .option('--config <file>', 'configuration file (VIGIA_CONFIG)')
    .option('--json', 'print the findings as JSON')
    .action(async (options: Options) => {
      const { topic, payload, file, hex } = options;
      if ((topic === undefined) !== ((payload ?? file ?? hex) === undefined))
        throw new InvalidInput('topic', '--topic and --payload go together');
      const load = options.size === undefined ? null : parseLoad(options.size);
      const config = readConfig({}, undefined, options.config);
      const embedded = config.redis.url === undefined;
      const port = portProblem(config.http.host, config.http.port, 'PORT');
      const running = port.then((problem) => (problem?.taken ? runningVigia(config, ANSWER_MS) : null));
      const found = (
        await Promise.all([
          settings(config),
          accessFindings(config),
          // To read a whole database takes as long as it takes.
          within('store', store(config, running), embedded ? 'DATA_DIR' : 'REDIS_URL', !embedded),
          within(
            'broker',
            config.mqtt.url === undefined ? builtInBroker(config, running) : broker(config),
            'MQTT_URL',
          ),
          within('model', model(config), 'MODEL_DIR'),
          within('http', http(config, port, running), 'PORT'),
          embedded ? within('data', data(config), 'DATA_DIR') : [],
          load
            ? within('size', sizeFindings(config, load, STORE_PATIENCE), embedded ? 'DATA_DIR' : 'REDIS_URL')
            : [],
          sample(config, options),
        ])
      ).flat();
      if (options.json) console.log(JSON.stringify(found, null, 2));
      else
        for (const { check, status, detail } of found)
          console.log(`${status.padEnd(5)}${check.padEnd(9)}${detail}`);
      if (found.some(({ status }) => status === 'fail')) process.exitCode = 1;
    });
}

async function within(
  check: Finding['check'],
  findings: Promise<Finding[]>,
  setting: string,
  hasDeadline = true,
): Promise<Finding[]> {
  const over = new AbortController();
  const late = delay(DEADLINE, undefined, { signal: over.signal }).then((): Finding[] => [
    { check, status: 'fail', detail: `${setting}: no answer within ${DEADLINE / 1000} s` },
  ]);
  try {
    return await (hasDeadline ? Promise.race([findings, late]) : findings);
  } catch (error) {
    const { message } = error as Error;
    const detail = message.includes(setting) ? message : `${setting}: ${message}`;
    return [{ check, status: 'fail', detail }];
  } finally {
    late.catch(() => {});
    over.abort();
  }
}

/** The problems of the settings, and the names of the settings that differ from their defaults. */
function settings(config: Config): Finding[] {
  const problems = settingProblems(config).map(
    (detail): Finding => ({ check: 'settings', status: 'fail', detail }),
  );
  const { reload, restart } = changedSettings(readConfig({}, {}), config);
  const names = [...reload, ...restart].sort();
  const detail = names.length === 0 ? 'all are the defaults' : `not the defaults: ${names.join(', ')}`;
  return [...problems, { check: 'settings', status: 'ok', detail }];
}

async function store(config: Config, running: Promise<RunningVigia | null>): Promise<Finding[]> {
  const silent = pino({ level: 'silent' });
  let opened: Store | null;
  try {
    opened = await openExistingStore(config, silent, STORE_PATIENCE);
  } catch (error) {
    // A running Vigía keeps its embedded store locked. That is no fault.
    const { message } = error as Error;
    const own = /in use/.test(message) && (await running)?.store === 'embedded';
    if (!own || config.redis.url !== undefined) throw error;
    return [
      { check: 'store', status: 'ok', detail: 'in use by the Vigía that answers at PORT' },
      ownClock(config, []),
    ];
  }
  if (!opened) {
    const detail = `none yet at DATA_DIR (${config.store.directory}): the first start makes it`;
    return [{ check: 'store', status: 'ok', detail }, ownClock(config, [])];
  }
  try {
    await opened.ping();
    const detail = `${opened.description}: ${await opened.series.count()} series, ${await opened.deadLetters.count()} dead letters`;
    const damages = (await opened.check?.()) ?? [];
    return [
      ...damages.map((damage): Finding => ({ check: 'store', status: 'fail', detail: damaged(damage) })),
      { check: 'store', status: 'ok', detail },
      ...(await rollups(opened)),
      opened.kind === 'redis' ? await clock(opened) : ownClock(config, await opened.series.list()),
    ];
  } finally {
    await opened.close();
  }
}

const damaged = (damage: string) => `DATA_DIR: the database is damaged: restore a backup (${damage})`;

async function rollups(opened: Store): Promise<Finding[]> {
  if (!opened.lackingRollups) return [];
  try {
    const lacking = await opened.lackingRollups();
    if (lacking === 0) return [];
    const detail = `${lacking} series lack rollup rules, as after a slot was moved: each gets them again with a next reading`;
    return [{ check: 'store', status: 'warn', detail }];
  } catch (error) {
    return [
      { check: 'store', status: 'warn', detail: `rollups cannot be checked: ${(error as Error).message}` },
    ];
  }
}

/** The ports that `vigia serve` and `vigia broker` open. */
async function builtInBroker(config: Config, running: Promise<RunningVigia | null>): Promise<Finding[]> {
  const found: Finding[] = [];
  const ports = [
    ['MQTT_PORT', config.broker.port],
    ['MQTT_WS_PORT', config.broker.webSocketPort],
    ['MQTT_TLS_PORT', config.broker.tlsPort],
    ['MQTT_WSS_PORT', config.broker.webSocketTlsPort],
  ] as const;
  for (const [setting, port] of ports) {
    if (port === undefined || port === null) continue;
    const problem = await portProblem(config.http.host, port, setting);
    const own = problem?.taken === true && (await running)?.role === 'serve';
    const state = own ? 'is in use, and the Vigía that answers at PORT is a `vigia serve`' : 'can be opened';
    found.push(
      problem && !own
        ? { check: 'broker', status: 'fail', detail: problem.message }
        : { check: 'broker', status: 'ok', detail: `${setting} ${port} ${state}` },
    );
  }
  const detail = 'MQTT_URL is not set: `vigia serve` brings its own broker, `vigia bridge` needs one';
  return [{ check: 'broker', status: 'ok', detail }, ...found];
}

async function broker(config: Config): Promise<Finding[]> {
  const { username, password, ca, cert, key } = config.mqtt;
  const url = config.mqtt.url!;
  const client = mqtt.connect(url, {
    clientId: `vigia-doctor-${randomBytes(4).toString('hex')}`,
    clean: true,
    protocolVersion: 5,
    reconnectPeriod: 0,
    connectTimeout: DEADLINE - 1000,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('the broker closed the connection')));
    });
    return [{ check: 'broker', status: 'ok', detail: `${redact(url)} takes the connection (MQTT 5)` }];
  } catch (error) {
    const { code, message } = error as Error & { code?: number | string };
    if (code === 1 || code === 132 || /protocol version/i.test(message))
      return [{ check: 'broker', status: 'warn', detail: `${redact(url)} speaks MQTT 3.1.1 only` }];
    const setting = [4, 5, 134, 135].includes(Number(code)) ? 'MQTT_USERNAME, MQTT_PASSWORD' : 'MQTT_URL';
    return [{ check: 'broker', status: 'fail', detail: `${setting}: ${redact(url)}: ${message || code}` }];
  } finally {
    client.on('error', () => {});
    await client.endAsync(true).catch(() => {});
  }
}

async function model(config: Config): Promise<Finding[]> {
  const directory = config.models.directory ?? defaultModelDirectory();
  const { id } = await trialRun(await loadArtifact(directory), directory, usableSimd(config.models.simd));
  const where = config.models.directory === undefined ? 'shipped with Vigía' : 'MODEL_DIR';
  return [{ check: 'model', status: 'ok', detail: `${id} (${where})` }];
}

async function http(
  { http: settings, clientId }: Config,
  port: ReturnType<typeof portProblem>,
  running: Promise<RunningVigia | null>,
): Promise<Finding[]> {
  const [problem, vigia] = await Promise.all([port, running]);
  if (problem && !vigia) return [{ check: 'http', status: 'fail', detail: problem.message }];
  if (!vigia) return [{ check: 'http', status: 'ok', detail: `PORT ${settings.port} can be opened` }];
  const { role, replica, ready, state } = vigia;
  const found = `PORT ${settings.port}: a running vigia ${role}`;
  if (replica !== clientId) {
    const detail = `${found} is '${replica}', these settings would make '${clientId}'`;
    return [{ check: 'http', status: 'warn', detail }];
  }
  const waits = Object.entries(vigia.waiting).filter(([, count]) => count > 0);
  return [
    ready
      ? { check: 'http', status: 'ok', detail: `${found} is ready` }
      : { check: 'http', status: 'warn', detail: `${found} is not ready: ${state}` },
    ...waits.map(
      ([reason, count]): Finding => ({
        check: 'http',
        status: 'warn',
        detail: `${found} has ${count} readings that wait (reason ${reason}, see vigia_readings_waiting)`,
      }),
    ),
  ];
}

async function data(config: Config): Promise<Finding[]> {
  await mkdir(config.store.directory, { recursive: true });
  await access(config.store.directory, constants.W_OK);
  const { bavail, bsize } = await statfs(config.store.directory);
  const free = bavail * bsize;
  const { reading, bucket, series } = SIZES.embedded;
  const growth = `a reading takes ${reading} bytes, a minute or hour with readings ${bucket}, a series up to ${Math.round(series / 1000)} kB`;
  const detail = `DATA_DIR (${config.store.directory}) can be written, ${Math.floor(free / 2 ** 20)} MB free; ${growth}`;
  return [{ check: 'data', status: free < DISK_WARN ? 'warn' : 'ok', detail }];
}

/** In the words of `vigia decode`. */
function sample(config: Config, { topic, ...bytes }: Options): Finding[] {
  if (topic === undefined) return [];
  const { readings, problems, ignored, presets } = explainMessage(
    config,
    topic,
    givenBytes(bytes),
    Date.now(),
  );
  const finding = (status: Finding['status'], detail: string): Finding => ({
    check: 'sample',
    status,
    detail,
  });
  const found = [
    ...readings.map((reading) => finding('ok', readingText(reading, seriesKey(reading)))),
    ...problems.map(({ field, reason, detail }) =>
      finding('fail', `dead letter (${reason}), ${field}: ${detail}`),
    ),
    ...ignored.map(({ path, reason }) => finding('ok', `ignored: ${path} (${reason})`)),
    ...presets.map((preset) => finding('warn', `MQTT_PRESETS=${preset} would make readings of it`)),
  ];
  if (readings.length > 0 || problems.length > 0) return found;
  return [...found, finding('ok', 'the message says nothing: no reading and no dead letter')];
}
