/** stack/deploy.sh and stack/secrets.sh, with a `docker` that only writes down what it is asked for. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { ROOT } from '../helpers/vigia.ts';

/** @param docker a shell script; `$calls` is the file of what it writes down */
function shell(docker: string) {
  const directory = temporaryDirectory();
  const stack = join(directory, 'stack');
  const calls = join(directory, 'calls');
  cpSync(join(ROOT, 'stack'), stack, { recursive: true });
  mkdirSync(join(directory, 'bin'));
  writeFileSync(join(directory, 'bin/docker'), `#!/bin/sh\ncalls=${calls}\n${docker}`, { mode: 0o755 });
  return {
    stack,
    run(script: string, ...args: readonly string[]) {
      writeFileSync(calls, '');
      const env = { PATH: `${join(directory, 'bin')}:${process.env.PATH}` };
      const ran = spawnSync('sh', [join(stack, script), ...args], { env, encoding: 'utf8' });
      const lines = readFileSync(calls, 'utf8').split('\n').slice(0, -1);
      return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr, calls: lines };
    },
  };
}

/** Every config and secret of the Swarm's files. */
function sources(stack: string): { name: string; file?: string; external?: boolean }[] {
  return readdirSync(stack)
    .filter((name) => name.endsWith('.yml') && name !== 'compose.yml')
    .map((name) => parse(readFileSync(join(stack, name), 'utf8')))
    .flatMap(({ configs = {}, secrets = {} }) => [
      ...Object.values(configs),
      ...Object.values(secrets),
    ]) as never;
}

describe('stack/deploy.sh', () => {
  const docker = 'echo "$@" >>"$calls"; env | grep ^VIGIA_FILE_ | sort >>"$calls"';

  it('deploys with what it is given, and names each config and secret by what is in its file', () => {
    const { stack, run } = shell(docker);
    mkdirSync(join(stack, 'certs'));
    writeFileSync(join(stack, 'certs/server.crt'), 'certificate');
    writeFileSync(join(stack, 'certs/server.key'), 'key');
    const { status, stderr, calls } = run('deploy.sh', '-c', 'a file.yml', 'vigia');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(calls[0]).toBe('stack deploy -c a file.yml vigia');
    const values = new Map(calls.slice(1).map((line) => line.split('=') as [string, string]));

    let seen = 0;
    for (const source of sources(stack)) {
      if (source.file === undefined) continue;
      const sha256 = createHash('sha256')
        .update(readFileSync(join(stack, source.file)))
        .digest('hex');
      const [, key] = /_\$\{(VIGIA_FILE_\w+):-1\}$/.exec(source.name)!;
      expect(values.get(key!), source.file).toBe(sha256.slice(0, 12));
      seen++;
    }
    expect(seen).toBeGreaterThan(15);
  });

  it('needs no certificates', () => {
    const { run } = shell(docker);
    expect(run('deploy.sh', 'vigia')).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('stack/secrets.sh', () => {
  const docker = (create = 'cat >/dev/null') => `
echo "$1 $2 $3" >>"$calls"
case "$1 $2" in
  "secret create") ${create} ;;
  "run --rm") sed 's/:.*/:hash/' ;;
  "secret rm") shift 2; for name in "$@"; do echo "removed $name" >>"$calls"; done ;;
esac`;
  const made = (calls: readonly string[]) =>
    calls.flatMap((call) => /^secret create (\w+)$/.exec(call)?.[1] ?? []);

  it('makes exactly the secrets that the stack and its overrides have from outside', () => {
    const { stack, run } = shell(docker('cat >"$calls-$3"'));
    const { status, stdout, calls } = run('secrets.sh');
    expect(status).toBe(0);
    const wanted = sources(stack).flatMap(({ external, name }) =>
      external ? [name.replace(/^\$\{VIGIA_SECRETS:-vigia\}/, 'vigia')] : [],
    );
    expect(made(calls).sort()).toEqual([...new Set(wanted)].sort());

    const value = (name: string) => readFileSync(join(stack, `../calls-vigia_${name}`), 'utf8');
    const { username, password, host } = new URL(value('redis_url'));
    expect([username, host]).toEqual(['bridge', 'redis:6379']);
    expect(password).toMatch(/^[0-9a-f]{48}$/);
    const { services } = parse(readFileSync(join(stack, 'stack.yml'), 'utf8'), { merge: true });
    expect(services.bridge.environment.MQTT_USERNAME).toBe('bridge');
    expect(value('mqtt_users').trim()).toBe('bridge:hash\nsensors:hash\ngrafana:hash');
    expect(stdout).toContain(`user sensors, password ${value('mqtt_sensors_password')}\n`);
    for (const user of ['bridge', 'sensors', 'grafana']) {
      expect(readFileSync(join(stack, 'mosquitto/acl'), 'utf8')).toContain(`user ${user}\n`);
    }
  });

  it('makes none when Mosquitto cannot hash the passwords', () => {
    const { run } = shell(docker().replace("sed 's/:.*/:hash/'", 'exit 125'));
    const { status, calls } = run('secrets.sh');
    expect(status).not.toBe(0);
    expect(made(calls)).toEqual([]);
  });

  it('takes those it has made away again when one cannot be made', () => {
    const { run } = shell(docker('case "$3" in *mqtt_users) exit 1 ;; esac; cat >/dev/null'));
    const { status, calls } = run('secrets.sh');
    expect(status).not.toBe(0);
    const removed = calls.flatMap((call) => /^removed (\w+)$/.exec(call)?.[1] ?? []);
    expect(removed).toEqual(made(calls).filter((name) => name !== 'vigia_mqtt_users'));
    expect(removed.length).toBeGreaterThan(2);
  });
});
