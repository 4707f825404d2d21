/**
 * The stack of stack/stack.yml, deployed on an engine for a test, with as few changes as the machine allows. `changes`
 * names them all.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { knownToRedisServer } from '../helpers/stack-files.ts';
import { ROOT } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import type { Engine } from './engine.ts';
import { type Images, prepareImages } from './images.ts';

interface Service {
  image: string;
  configs?: { source: string }[];
  secrets?: { source: string }[];
  ports?: unknown[] | undefined;
  deploy?: Record<string, unknown>;
}

interface StackFile {
  services: Record<string, Service>;
  configs: Record<string, unknown>;
  secrets: Record<string, unknown>;
}

/** Not the name that docs/deploy.md gives it: its volumes may be somebody's. */
const STACK = 'vigia-test';
/** Nothing that the bridges need, and images of several hundred MB. */
const LEFT_OUT = ['grafana', 'prometheus'];

export interface Container {
  readonly id: string;
  readonly slot: number;
  readonly image: string;
  /** Base of its HTTP addresses, or of its broker. */
  readonly address: string;
}

export class Deployment {
  private constructor(
    private readonly engine: Engine,
    /** A changed copy of stack/. */
    readonly directory: string,
    readonly images: Images,
    readonly changes: readonly string[],
    /** Of the MQTT user `sensors`. */
    readonly sensorsPassword: string,
  ) {}

  static async start(engine: Engine): Promise<Deployment> {
    const directory = mkdtempSync(join(tmpdir(), 'vigia-stack-'));
    try {
      cpSync(join(ROOT, 'stack'), directory, { recursive: true });
      const file = join(directory, 'stack.yml');
      const stack = read(file);
      const { broker, redis } = stack.services;
      const images = prepareImages(engine, { mosquitto: broker!.image, redis: redis!.image });
      const changes = adapt(stack, images, directory);
      writeFileSync(file, stringify(stack));

      const node = engine.docker(['node', 'ls', '-q']);
      for (const label of ['vigia.redis=true', 'vigia.broker=true', 'vigia.monitoring=true']) {
        engine.docker(['node', 'update', '--label-add', label, node]);
      }
      const said = execFileSync('sh', [join(directory, 'secrets.sh')], { env: engine.env, encoding: 'utf8' });
      const password = /MQTT user sensors, password (\w+)/.exec(said)![1]!;
      const deployment = new Deployment(engine, directory, images, changes, password);
      deployment.deploy();
      return deployment;
    } catch (error) {
      rmSync(directory, { recursive: true, force: true });
      throw error;
    }
  }

  /** stack.yml with these of the other files in stack/, as an operator does it, also over what runs. */
  deploy(...overrides: readonly string[]): void {
    for (const name of overrides) {
      const file = join(this.directory, name);
      const override = read(file);
      portsOfTheirOwn(override);
      writeFileSync(file, stringify(override));
    }
    const files = ['stack.yml', 'open.yml', ...overrides].flatMap((name) => [
      '-c',
      join(this.directory, name),
    ]);
    const script = join(this.directory, 'deploy.sh');
    execFileSync('sh', [script, '--prune', '--resolve-image', 'never', ...files, STACK], {
      env: { ...this.engine.env, VIGIA_IMAGE: this.images.vigia },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  /** Takes everything away again. */
  async remove(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
    this.docker('stack', 'rm', STACK);
    await waitFor(
      'the volumes to go',
      () => {
        const left = this.docker('volume', 'ls', '-q', '--filter', `name=${STACK}_`);
        if (left !== '') this.docker('volume', 'rm', ...left.split('\n'));
        return true;
      },
      120_000,
    );
  }

  docker(...args: readonly string[]): string {
    return this.engine.docker(args);
  }

  /** Does not wait for it. */
  scale(service: string, replicas: number): void {
    this.docker('service', 'scale', '-d', `${STACK}_${service}=${replicas}`);
  }

  volume(name: string): string {
    return `${STACK}_${name}`;
  }

  /** `docker service …` on a service of the stack, which comes last. */
  service(name: string, ...args: readonly string[]): string {
    return this.docker('service', ...args, `${STACK}_${name}`);
  }

  /** Running containers of a service, by slot. */
  containers(service: string): Container[] {
    const filter = `label=com.docker.swarm.service.name=${STACK}_${service}`;
    const ids = this.docker('ps', '-q', '--no-trunc', '--filter', filter, '--filter', 'status=running');
    if (ids === '') return [];
    const found = JSON.parse(this.docker('inspect', ...ids.split('\n'))) as {
      Id: string;
      Config: { Image: string; Labels: Record<string, string> };
      NetworkSettings: { Ports: Record<string, { HostPort: string }[] | null> };
    }[];
    return found
      .map(({ Id, Config, NetworkSettings }) => {
        const port = Object.values(NetworkSettings.Ports).flatMap((ports) => ports ?? [])[0]?.HostPort;
        return {
          id: Id,
          slot: Number(Config.Labels['com.docker.swarm.task.name']!.split('.')[1]),
          image: Config.Image,
          address: `127.0.0.1:${port}`,
        };
      })
      .sort((a, b) => a.slot - b.slot);
  }

  /** Waits until exactly so many bridges run and are ready. */
  async bridges(count: number): Promise<Container[]> {
    return waitFor(
      `${count} bridges`,
      async () => {
        const containers = this.containers('bridge');
        if (containers.length !== count) {
          throw new Error(`${containers.length} run:\n${this.docker('stack', 'ps', '--no-trunc', STACK)}`);
        }
        for (const { address } of containers) {
          // A port is open before the container behind it is, and a connection made then is never answered.
          const response = await fetch(`http://${address}/readyz`, { signal: AbortSignal.timeout(5000) });
          if (!response.ok) throw new Error(await response.text());
        }
        return containers;
      },
      300_000,
    );
  }

  /** Of the broker, for a client outside. */
  brokerUrl(user: string, password: string): string {
    return `mqtt://${user}:${password}@${this.containers('broker')[0]!.address}`;
  }

  /** Of Redis, for a look from outside with what a bridge may do. */
  redisUrl(): string {
    const [bridge] = this.containers('bridge');
    const inside = this.docker('exec', bridge!.id, 'cat', '/run/secrets/redis_url');
    return inside.replace('redis:6379', this.containers('redis')[0]!.address);
  }
}

/** As Docker does, by YAML 1.1: 0400 is octal there. */
function read(file: string): StackFile {
  return parse(readFileSync(file, 'utf8'), { version: '1.1', merge: true }) as StackFile;
}

function portsOfTheirOwn({ services }: StackFile): void {
  for (const service of Object.values(services)) {
    service.deploy = { ...service.deploy, endpoint_mode: 'dnsrr' };
    if (!service.ports) continue;
    service.ports = service.ports.map((port) => ({
      target: (port as { target: number }).target,
      mode: 'host',
    }));
  }
}

function adapt(stack: StackFile, images: Images, directory: string): string[] {
  const changes = [
    'no service addresses and no ingress mesh (no IPVS in many test kernels): each task has ports of its own',
  ];
  const { services } = stack;
  const leftOut = LEFT_OUT.filter((name) => services[name]);
  for (const name of leftOut) delete services[name];
  // Docker reads every file that is named, whoever uses it.
  for (const kind of ['configs', 'secrets'] as const) {
    const used = new Set(
      Object.values(services)
        .flatMap((service) => service[kind] ?? [])
        .map(({ source }) => source),
    );
    for (const name of Object.keys(stack[kind])) if (!used.has(name)) delete stack[kind][name];
  }
  if (leftOut.length > 0) changes.push(`${leftOut.join(' and ')} left out`);
  portsOfTheirOwn(stack);
  services.redis!.ports = [{ target: 6379, mode: 'host' }];
  changes.push("Redis has a port, for the test's own look");
  if (services.redis!.image !== images.redis) {
    services.redis!.image = images.redis;
    const users = join(directory, 'redis/users.acl');
    writeFileSync(users, knownToRedisServer(readFileSync(users, 'utf8')));
    changes.push('the commands that Debian’s Redis does not know are taken out of its users’ rights');
  }
  return changes;
}
