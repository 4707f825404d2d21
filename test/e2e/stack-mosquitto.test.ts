/**
 * Mosquitto with the configuration and the users of stack/mosquitto, or our own broker with the same users, and a bridge
 * that works at it with its rights.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { certificates, OPENSSL } from '../helpers/certificates.ts';
import { freePort, startChild, waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, ROOT, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const PASSWORDS = { bridge: 'b-password', sensors: 's-password', grafana: 'g-password' };
type User = keyof typeof PASSWORDS;
const as = (username: User) => ({ username, password: PASSWORDS[username], protocolVersion: 5 as const });

/** As secrets.sh makes them. */
function writeUsers(file: string): void {
  const lines = Object.entries(PASSWORDS).map(([user, password]) => `${user}:${password}\n`);
  writeFileSync(file, lines.join(''));
  execFileSync('mosquitto_passwd', ['-U', file], { stdio: 'pipe' });
}

/** As the stack mounts the files, but for the places of files and ports. */
async function start(listener: string, secrets: Readonly<Record<string, string>> = {}) {
  const directory = temporaryDirectory();
  const [inside, published] = [await freePort(), await freePort()];
  const at = (...names: string[]) => join(directory, ...names);
  for (const name of ['listeners', 'data', 'secrets']) mkdirSync(at(name));
  const copy = (name: string, to: string, more = '') => {
    const text = readFileSync(join(ROOT, 'stack/mosquitto', name), 'utf8')
      .replaceAll('/mosquitto/config/', `${directory}/`)
      .replaceAll('/mosquitto/data/', `${directory}/data/`)
      .replaceAll('/run/secrets/', `${directory}/secrets/`)
      .replace(/^include_dir .*listeners$/m, `include_dir ${directory}/listeners`)
      .replace(/^listener 1883$/m, `listener ${inside} 127.0.0.1`)
      .replace(/^listener 1884$/m, `listener ${published} 127.0.0.1`);
    writeFileSync(to, text + more);
  };
  copy('mosquitto.conf', at('mosquitto.conf'), process.getuid?.() === 0 ? 'user root\n' : '');
  copy(listener, at('listeners', 'listener.conf'));
  copy('acl', at('acl'));
  writeUsers(at('secrets', 'mqtt_users'));
  for (const [name, text] of Object.entries(secrets)) writeFileSync(at('secrets', name), text);
  const child = startChild(MOSQUITTO!, ['-c', at('mosquitto.conf')]);
  await waitFor('Mosquitto', async () => {
    if (child.process.exitCode !== null) throw new Error(child.output());
    const client = await mqttClient(`mqtt://127.0.0.1:${inside}`, as('bridge'));
    await client.endAsync();
    return true;
  });
  return { inside: `mqtt://127.0.0.1:${inside}`, published: `127.0.0.1:${published}`, output: child.output };
}

/** With its rights alone. */
async function bridge(url: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
    env: {
      MQTT_URL: url,
      MQTT_CLIENT_ID: 'bridge-1',
      MQTT_USERNAME: 'bridge',
      MQTT_PASSWORD: PASSWORDS.bridge,
      ...env,
    },
  });
  const [, address] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  await waitFor('readiness', async () => (await fetch(`${address}/readyz`)).ok);
  return address!;
}

const stored = (url: string, sensor: string) =>
  waitFor('the reading', async () => {
    const { readings } = await getJson<{ readings: { value: number }[] }>(`${url}/listar?sensor=${sensor}`);
    return readings.some(({ value }) => value === 21.5);
  });

describe.skipIf(!MOSQUITTO || !OPENSSL)('the stack’s Mosquitto (needs mosquitto and openssl)', () => {
  it('lets sensors publish, bridges take readings and Grafana look, and nobody do more', async () => {
    const broker = await start('listener.conf');
    const url = await bridge(broker.inside);
    const outside = `mqtt://${broker.published}`;
    await expect(mqttClient(outside)).rejects.toThrow(/Not authorized/i);
    await expect(mqttClient(outside, { ...as('sensors'), password: 'wrong' })).rejects.toThrow(
      /Not authorized/i,
    );

    const seen: string[] = [];
    const grafana = await mqttClient(broker.inside, as('grafana'), (client) =>
      client.on('message', (topic) => seen.push(topic)),
    );
    await grafana.subscribeAsync(['sensors/#', 'bridge/+', 'other/#'], { qos: 1 });
    const overheard: string[] = [];
    const sensor = await mqttClient(outside, as('sensors'), (client) =>
      client.on('message', (topic) => overheard.push(topic)),
    );
    await sensor.subscribeAsync('#', { qos: 1 });

    await sensor.publishAsync('sensors/x/temperature', '21.5', { qos: 1 });
    await stored(url, 'x');
    await waitFor('what Grafana sees', () => seen.length >= 2);
    expect(seen.sort()).toEqual(['bridge/bridge-1', 'sensors/x/temperature']);
    expect(overheard).toEqual([]);
    for (const topic of ['bridge/bridge-1', 'alerts/x', 'other/x']) {
      await expect(sensor.publishAsync(topic, '1', { qos: 1 }), topic).rejects.toThrow(/Not authorized/i);
    }
    const looker = mqtt.connect(broker.inside, { ...as('grafana'), reconnectPeriod: 0 });
    onTestFinished(() => void looker.end(true));
    await expect(looker.publishAsync('sensors/x/temperature', '1', { qos: 1 })).rejects.toThrow(
      /Not authorized/i,
    );
    expect(broker.output()).not.toMatch(/Error|Warning(?!.*as root)/);
  });

  it('speaks TLS alone to sensors where tls.yml is added', async () => {
    const { ca, signed } = certificates('broker');
    const broker = await start('listener-tls.conf', {
      mqtt_tls_cert: signed[0]!.cert,
      mqtt_tls_key: signed[0]!.key,
    });
    const url = await bridge(broker.inside);
    const sensor = await mqttClient(`mqtts://${broker.published}`, { ...as('sensors'), ca });
    await sensor.publishAsync('sensors/y/temperature', '21.5', { qos: 1 });
    await stored(url, 'y');
    await expect(mqttClient(`mqtt://${broker.published}`, as('sensors'))).rejects.toThrow();
    await expect(mqttClient(`mqtts://${broker.published}`, as('sensors'))).rejects.toThrow(
      /self.signed|unable to/i,
    );
  });

  it('is replaced by our own broker with the same users and rights', async () => {
    const users = join(temporaryDirectory(), 'users');
    writeUsers(users);
    const broker = vigia(['broker', '--mqtt-port', '0'], {
      env: { MQTT_USERS_FILE: users, MQTT_ACL_FILE: join(ROOT, 'stack/mosquitto/acl') },
    });
    const [, address] = await waitForOutput(broker, /MQTT\s+(mqtt:\/\/\S+)/);
    const url = await bridge(address!, { MQTT_LEAVE_TIMEOUT: '10s' });
    const sensor = await mqttClient(address!, { ...as('sensors'), protocolVersion: 4 });
    await sensor.publishAsync('sensors/w/temperature', '21.5', { qos: 1 });
    await stored(url, 'w');
    await expect(mqttClient(address!)).rejects.toThrow(/Not authorized|Bad username/i);
  });

  it('takes everybody on a laptop', async () => {
    const broker = await start('listener-laptop.conf');
    const url = await bridge(broker.inside);
    const sensor = await mqttClient(`mqtt://${broker.published}`);
    await sensor.publishAsync('sensors/z/temperature', '21.5', { qos: 1 });
    await stored(url, 'z');
  });
});
