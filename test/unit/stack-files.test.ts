/**
 * The files of stack/, without Docker: they keep to the Compose schema (as dclint brings it, MIT), everything that they name
 * exists, and the settings that they give are settings.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { readConfig } from '../../src/settings/config.ts';
import { SETTINGS } from '../../src/settings/sections.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { ROOT } from '../helpers/vigia.ts';

const STACK = join(ROOT, 'stack');
const read = (name: string) => readFileSync(join(STACK, name), 'utf8');

interface Service {
  image?: string;
  build?: string;
  pull_policy?: string;
  depends_on?: Record<string, unknown>;
  command?: string[];
  environment?: Record<string, string>;
  ports?: (string | { target: number; published: number })[];
  configs?: { source: string; target: string }[];
  secrets?: (string | { source: string; target: string })[];
  volumes?: (string | { type: string; source?: string; target: string })[];
  networks?: string[] | Record<string, unknown>;
  healthcheck?: { test?: string[]; disable?: boolean; timeout?: string };
  stop_grace_period?: string;
  read_only?: boolean;
  deploy?: {
    update_config?: { order: string; failure_action: string; parallelism: number };
    restart_policy?: { condition: string };
    resources?: { limits?: { cpus: string; memory: string } };
    placement?: { constraints: string[] };
  };
}

interface Source {
  name?: string;
  file?: string;
  external?: boolean;
}

interface File {
  name?: string;
  services: Record<string, Service>;
  networks?: Record<string, { driver_opts?: { encrypted?: string } }>;
  volumes?: Record<string, unknown>;
  configs?: Record<string, Source>;
  secrets?: Record<string, Source>;
}

const load = (name: string) => parse(read(name), { merge: true }) as File;
const names = readdirSync(STACK).filter((name) => name.endsWith('.yml'));
const overrides = names.filter((name) => name !== 'stack.yml' && name !== 'compose.yml');
const stack = load('stack.yml');

/** What the operator puts there: docs/deploy.md. */
const BROUGHT = new Set(['./certs/server.crt', './certs/server.key']);

/** A stack of several files, as far as these tests look: services by name, the lists of each joined. */
function merged(...files: File[]): File {
  const result: File = { services: {}, networks: {}, volumes: {}, configs: {}, secrets: {} };
  for (const file of files) {
    for (const [name, service] of Object.entries(file.services)) {
      const before = result.services[name] ?? {};
      result.services[name] = {
        ...before,
        ...service,
        environment: { ...before.environment, ...service.environment },
        configs: [...(before.configs ?? []), ...(service.configs ?? [])],
        secrets: [...(before.secrets ?? []), ...(service.secrets ?? [])],
        volumes: [...(before.volumes ?? []), ...(service.volumes ?? [])],
      };
    }
    for (const kind of ['networks', 'volumes', 'configs', 'secrets'] as const) {
      Object.assign(result[kind]!, file[kind]);
    }
  }
  return result;
}

const DEPLOYMENTS: Record<string, File> = {
  'stack.yml': stack,
  ...Object.fromEntries(overrides.map((name) => [`stack.yml + ${name}`, merged(stack, load(name))])),
  'compose.yml': load('compose.yml'),
};

/** As Docker writes sizes: `512M`, `4G`. */
const bytes = (text: string) => Number(text.slice(0, -1)) * { M: 2 ** 20, G: 2 ** 30 }[text.at(-1)!]!;

const sourceOf = (use: string | { source?: string }) => (typeof use === 'string' ? use : use.source);
const isOurs = ({ image }: Service) => /^vigia|VIGIA_IMAGE/.test(image ?? '');

describe('the files of the stack', () => {
  const schema = JSON.parse(
    readFileSync(join(ROOT, 'node_modules/dclint/schemas/compose.schema.json'), 'utf8'),
  );
  delete schema.$schema;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const valid = ajv.compile(schema);

  it.each(names)('%s keeps to the Compose schema', (name) => {
    valid(load(name));
    expect(valid.errors ?? []).toEqual([]);
    const broken = load(name);
    Object.values(broken.services)[0]!.healthcheck = { tset: [] } as object;
    expect(valid(broken)).toBe(false);
  });

  it.each(Object.entries(DEPLOYMENTS))('%s defines what it uses and uses what it defines', (_, file) => {
    const used = { networks: new Set(), volumes: new Set(), configs: new Set(), secrets: new Set() };
    for (const { networks = [], volumes = [], configs = [], secrets = [] } of Object.values(file.services)) {
      for (const name of Array.isArray(networks) ? networks : []) used.networks.add(name);
      for (const use of configs) used.configs.add(sourceOf(use));
      for (const use of secrets) used.secrets.add(sourceOf(use));
      for (const use of volumes) {
        const source =
          typeof use === 'string' ? use.split(':')[0]! : use.type === 'volume' ? use.source : undefined;
        if (source && !/^[./]/.test(source)) used.volumes.add(source);
      }
    }
    for (const kind of ['networks', 'volumes', 'configs', 'secrets'] as const) {
      expect([...used[kind]].sort(), kind).toEqual(Object.keys(file[kind] ?? {}).sort());
    }
  });

  it.each(Object.entries(DEPLOYMENTS))('%s names files that exist', (_, file) => {
    const sources = [...Object.values(file.configs ?? {}), ...Object.values(file.secrets ?? {})];
    const mounted = Object.values(file.services).flatMap(({ volumes = [] }) =>
      volumes.flatMap((use) => (typeof use === 'string' && use.startsWith('.') ? [use.split(':')[0]!] : [])),
    );
    const wanted = [...sources.flatMap(({ file: path }) => path ?? []), ...mounted];
    expect(wanted.filter((path) => !BROUGHT.has(path) && !existsSync(join(STACK, path)))).toEqual([]);
  });

  it.each(Object.entries(DEPLOYMENTS))('%s gives our image settings that it has and takes', (_, file) => {
    const directory = mkdtempSync(join(tmpdir(), 'vigia-secrets-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const secret = join(directory, 'secret');
    writeFileSync(secret, 'redis://bridge:password@redis:6379');
    let seen = 0;
    for (const service of Object.values(file.services).filter(isOurs)) {
      const given = Object.entries(service.environment ?? {});
      const names = given.map(([name]) => name.replace(/_FILE$/, ''));
      expect(names.filter((name) => !(name in SETTINGS))).toEqual([]);
      const targets = [
        ...(service.secrets ?? []).map((use) => `/run/secrets/${typeof use === 'string' ? use : use.target}`),
        ...(service.configs ?? []).map(({ target }) => target),
      ];
      const env = given.map(([name, value]) => {
        if (!name.endsWith('_FILE')) return [name, value.replace('{{.Task.Slot}}', '1')];
        // An empty value takes back what stack.yml sets.
        if (value === '') return [name, value];
        expect(targets).toContain(value);
        return [name, secret];
      });
      expect(() => readConfig({}, Object.fromEntries(env))).not.toThrow();
      seen++;
    }
    expect(seen).toBeGreaterThan(0);
  });

  it.each(Object.entries(DEPLOYMENTS))(
    '%s publishes no Redis and no write in a health check',
    (name, file) => {
      expect(file.services.redis!.ports).toBeUndefined();
      for (const { healthcheck, command } of Object.values(file.services)) {
        expect(JSON.stringify(healthcheck ?? '')).not.toContain('nuevo');
        expect(JSON.stringify(command ?? '')).not.toMatch(/password|secret/i);
      }
      if (name !== 'compose.yml') return;
      const ports = Object.values(file.services).flatMap((service) => service.ports ?? []);
      expect(ports.filter((port) => !String(port).startsWith('127.0.0.1:'))).toEqual([]);
    },
  );

  it.each(overrides)('%s overrides no command and no health check: Docker would join the two', (name) => {
    for (const [service, { command, healthcheck }] of Object.entries(load(name).services)) {
      expect(command && stack.services[service]?.command, service).toBeFalsy();
      expect(healthcheck?.test && stack.services[service]?.healthcheck?.test, service).toBeFalsy();
    }
  });

  it.each(['stack.yml', 'compose.yml'])('%s has every plugin of Grafana at one version', (name) => {
    const { GF_PLUGINS_PREINSTALL_SYNC: plugins } = load(name).services.grafana!.environment!;
    for (const plugin of plugins!.split(',')) expect(plugin).toMatch(/^[a-z-]+@\d+\.\d+\.\d+$/);
    expect(plugins).toBe(stack.services.grafana!.environment!.GF_PLUGINS_PREINSTALL_SYNC);
  });

  it('builds the image of compose.yml in one service, and has no volume of the Swarm', () => {
    const { name, services } = load('compose.yml');
    expect(name).toBe('vigia-laptop');
    const ours = Object.entries(services).filter(([, { image }]) => image === 'vigia');
    expect(ours).toHaveLength(3);
    for (const [service, { build, pull_policy: policy, depends_on: needs }] of ours) {
      const builds = service === 'bridge';
      expect({ build, policy }, service).toEqual(
        builds ? { build: '..', policy: 'build' } : { build: undefined, policy: 'never' },
      );
      expect(Object.keys(needs!).includes('bridge'), service).toBe(!builds);
    }
  });

  it('publishes what docs/deploy.md says, and nothing else', () => {
    const published = (file: File) =>
      Object.values(file.services).flatMap(({ ports = [] }) =>
        ports.map((port) => (typeof port === 'string' ? port : `${port.published}:${port.target}`)),
      );
    expect(published(stack).sort()).toEqual(['1883:1884', '3000:3000', '4000:80']);
    expect(published(load('visualizer.yml'))).toEqual(['8080:8080']);
    expect(published(load('tls.yml'))).toEqual(['8883:1884']);
    expect(published(load('broker-vigia.yml'))).toEqual(['1883:1883']);
    expect(published(load('devices.yml'))).toEqual([]);
  });

  it('stops whatever has a volume before its successor starts', () => {
    for (const name of ['redis', 'broker', 'prometheus', 'grafana']) {
      const { deploy, volumes } = stack.services[name]!;
      expect(volumes?.length, name).toBeGreaterThan(0);
      expect(deploy!.update_config!.order, name).toBe('stop-first');
    }
  });

  it('lets Mosquitto keep what it has acknowledged', () => {
    const settings = new Map(
      read('mosquitto/mosquitto.conf')
        .split('\n')
        .filter((line) => /^[a-z]/.test(line))
        .map((line) => line.split(' ') as [string, string]),
    );
    expect(settings.get('persistence')).toBe('true');
    // Mosquitto's own are 1000 and 20, and 0 is no limit of messages at all.
    expect(Number(settings.get('max_queued_messages'))).toBeGreaterThanOrEqual(1_000_000);
    expect(Number(settings.get('max_inflight_messages'))).toBeGreaterThanOrEqual(1000);
    // Of five bridges, within what the container may have.
    const queues = 5 * Number(settings.get('max_queued_bytes'));
    expect(queues).toBeLessThan(bytes(stack.services.broker!.deploy!.resources!.limits!.memory));
  });

  it('gives every service of the Swarm limits, a restart whatever happened, and a check', () => {
    for (const [name, service] of Object.entries(stack.services)) {
      expect(service.deploy?.resources?.limits, name).toMatchObject({
        cpus: expect.any(String),
        memory: expect.any(String),
      });
      expect(service.deploy?.restart_policy?.condition, name).toBe('any');
      // Ours has its check in the image.
      expect(isOurs(service) || service.healthcheck?.test, name).toBeTruthy();
      expect(isOurs(service) || service.healthcheck?.timeout, name).toBeOneOf([true, '30s']);
      expect(service.image, name).toMatch(isOurs(service) ? /VIGIA_IMAGE/ : /:v?\d+\.\d+\.\d+$/);
    }
    expect(stack.networks!.inside!.driver_opts!.encrypted).toBe('true');
  });

  it('lets a bridge finish before it is killed, and never has two of one client id', () => {
    const { bridge } = stack.services;
    const seconds = (text: string) => Number(/^(\d+)s$/.exec(text)![1]);
    const leaving = seconds(bridge!.environment!.MQTT_LEAVE_TIMEOUT!);
    expect(seconds(bridge!.stop_grace_period!)).toBeGreaterThan(leaving + 5);
    expect(bridge!.environment!.MQTT_CLIENT_ID).toContain('{{.Task.Slot}}');
    expect(bridge!.deploy!.update_config).toMatchObject({
      order: 'stop-first',
      parallelism: 1,
      failure_action: 'rollback',
    });
  });
});

describe.skipIf(!REDIS)('redis.conf (needs redis-server)', () => {
  it('makes a server that keeps what it acknowledged, and refuses instead of dropping', async () => {
    // Docker mounts these two.
    const args = read('redis/redis.conf')
      .split('\n')
      .filter((line) => /^(?!aclfile |dir )[a-z]/.test(line))
      .flatMap((line) =>
        line.split(' ').map((word, i) => (i === 0 ? `--${word}` : word.replaceAll('"', ''))),
      );
    const redis = await startRedis(args);
    const setting = async (name: string) => ((await redis.command('CONFIG', 'GET', name)) as string[])[1];
    expect(await setting('appendonly')).toBe('yes');
    expect(await setting('appendfsync')).toBe('always');
    expect(await setting('save')).toBe('');
    expect(await setting('maxmemory-policy')).toBe('noeviction');
    const limit = bytes(stack.services.redis!.deploy!.resources!.limits!.memory);
    expect(Number(await setting('maxmemory'))).toBeGreaterThan(2 ** 30);
    expect(Number(await setting('maxmemory'))).toBeLessThan(0.7 * limit);
  });

  it('takes its users from the file that stack.yml puts there', () => {
    const [, path] = /^aclfile (.*)$/m.exec(read('redis/redis.conf'))!;
    const { configs, volumes } = stack.services.redis!;
    expect(configs!.find(({ source }) => source === 'redis_users')!.target).toBe(path);
    expect(stack.configs!.redis_users).toMatchObject({ template_driver: 'golang' });
    expect(volumes).toEqual([`redis-data:${/^dir (.*)$/m.exec(read('redis/redis.conf'))![1]}`]);
  });
});

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');

  it('copies what exists, runs as a user, checks its health by /healthz, and installs by the lock file', () => {
    for (const [, path] of dockerfile.matchAll(/^COPY (?!--from)(\S+) /gm)) {
      expect(existsSync(join(ROOT, path!)), path).toBe(true);
    }
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(dockerfile).not.toMatch(/npm install|nuevo/);
    const check = /^HEALTHCHECK .*--timeout=30s .*"\/app\/([^"]+)"\]$/m.exec(dockerfile)![1]!;
    expect(readFileSync(join(ROOT, check), 'utf8')).toContain('/healthz');
  });

  it('serves on the ports that the stack and docs/deploy.md name', () => {
    expect(dockerfile).toMatch(/^ENV .*\bHOST=0\.0\.0\.0 PORT=80 DATA_DIR=\/data$/m);
    expect(dockerfile).toMatch(/^VOLUME \/data$/m);
    expect(dockerfile).toMatch(/^EXPOSE 80 1883$/m);
    expect(dockerfile).toMatch(
      /^ENTRYPOINT \["node", "--max-semi-space-size=4", "\/app\/bin\/vigia\.js"\]\nCMD \["serve"\]$/m,
    );
  });

  it('says in its labels what it was built of', () => {
    const labels = [...dockerfile.matchAll(/org\.opencontainers\.image\.(\w+)="\$\{(\w+)\}"/g)];
    for (const [, , argument] of labels) expect(dockerfile).toMatch(new RegExp(`^ARG ${argument}=`, 'm'));
    expect(labels.map(([, name]) => name)).toEqual(['version', 'revision', 'created', 'source']);
  });

  it('lets no private key into an image or a commit', () => {
    expect(readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')).toContain('stack/certs/');
    const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').trim().split('\n');
    expect(ignored.slice(ignored.indexOf('stack'))).toEqual(['stack', '!stack/healthcheck.js']);
  });

  it('says the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(dockerfile).toContain(`ARG VERSION=${version}\n`);
  });
});
