/** `vigia bridge` at a real Mosquitto: acknowledges after the commit, resumes its session, says what is wrong. */
import { type AddressInfo, createServer } from 'node:net';
import { getPriority } from 'node:os';
import mqtt from 'mqtt';
import mqttPacket from 'mqtt-packet';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import { freePort, waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { publishReadings } from '../helpers/publisher.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, runVigia, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const START = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const readings = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    sensor: `s${i % 5}`,
    ts: START + Math.floor(i / 5) * 1000,
    value: 20 + (i % 17),
  }));

async function bridge(mqttUrl: string, env: Record<string, string> = {}, data = temporaryDirectory()) {
  const child = vigia(['bridge', '--port', '0', '--data', data], {
    env: { MQTT_URL: mqttUrl, MQTT_CLIENT_ID: 'test-bridge', LOG_LEVEL: 'info', ...env },
  });
  const [, url] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  return { ...child, url: url!, data };
}

const ready = (url: string) =>
  waitFor('readiness', async () => (await fetch(`${url}/readyz`)).status === 200);

async function storedCount(url: string): Promise<number> {
  const series = await getJson<{ sensor: string }[]>(`${url}/api/series`);
  const counts = series.map(
    async ({ sensor }) =>
      (
        await getJson<unknown[]>(
          `${url}/api/series/${sensor}/temperature?from=${START}&to=${START + 3_600_000}`,
        )
      ).length,
  );
  return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
}

describe.skipIf(!MOSQUITTO)('vigia bridge with Mosquitto', () => {
  it('stands back for other processes by BRIDGE_NICE, and never goes in front of where it was started', async () => {
    const { url } = await startMosquitto();
    const standing = getPriority();
    for (const [nice, seen] of [
      ['13', 13],
      ['0', 0],
    ] as const) {
      const child = await bridge(url, { BRIDGE_NICE: nice });
      expect(getPriority(child.process.pid!)).toBe(Math.max(standing, seen));
      await child.kill('SIGTERM');
    }
  });

  it('stores what is published, and what was published while it was away or killed', async () => {
    const broker = await startMosquitto();
    const first = await bridge(broker.url);
    await ready(first.url);
    await publishReadings(broker.url, readings(3000)).done;
    await waitFor(
      'the first commit',
      async () => (await metric(first.url, 'vigia_readings_total', 'result="committed"')) > 0,
    );
    await first.kill('SIGKILL');
    await publishReadings(broker.url, readings(5000).slice(3000)).done;
    const second = await bridge(broker.url, {}, first.data);
    await waitFor('all readings', async () => (await storedCount(second.url)) === 5000, 20_000);
    expect(second.output()).toContain('"resumed":true');
    const received = await metric(second.url, 'vigia_readings_received_total');
    const committed = await metric(second.url, 'vigia_readings_total', 'result="committed"');
    const duplicate = await metric(second.url, 'vigia_readings_total', 'result="duplicate"');
    expect(committed + duplicate + (await metric(second.url, 'vigia_readings_in_flight'))).toBe(received);
  });

  it('keeps bad messages as dead letters and goes on', async () => {
    const broker = await startMosquitto();
    const { url } = await bridge(broker.url);
    await ready(url);
    const client = await mqtt.connectAsync(broker.url);
    for (const payload of ['abc', '{"value":"x"}', '{"value":1,"ts":32503680000000}', '[]', '21.5']) {
      await client.publishAsync('sensors/a/temperature', payload, { qos: 1 });
    }
    await client.endAsync();
    await waitFor(
      'the good one',
      async () => (await metric(url, 'vigia_readings_total', 'result="committed"')) === 1,
    );
    expect(await metric(url, 'vigia_readings_total', 'result="dead_lettered"')).toBe(4);
  });

  it('ignores retained readings without a time, and takes those with one', async () => {
    const broker = await startMosquitto();
    const client = await mqtt.connectAsync(broker.url);
    await client.publishAsync('sensors/old/temperature', '21.5', { qos: 1, retain: true });
    await client.publishAsync('sensors/dated/temperature', `{"value":3,"ts":${START}}`, {
      qos: 1,
      retain: true,
    });
    const { url } = await bridge(broker.url, { MQTT_GROUP: '' });
    await waitFor(
      'the dated one',
      async () => (await metric(url, 'vigia_readings_total', 'result="committed"')) === 1,
    );
    expect(await metric(url, 'vigia_retained_ignored_total')).toBe(1);
    await client.endAsync();
  });

  it('publishes its status, and the broker does when it is killed', async () => {
    const broker = await startMosquitto();
    const watcher = await mqtt.connectAsync(broker.url);
    onTestFinished(() => watcher.endAsync(true));
    const states: string[] = [];
    watcher.on('message', (topic, payload) =>
      states.push(`${topic} ${JSON.parse(payload.toString()).state}`),
    );
    await watcher.subscribeAsync('bridge/+', { qos: 1 });
    const first = await bridge(broker.url);
    await waitFor('online', () => states.includes('bridge/test-bridge online'));
    await first.kill('SIGKILL');
    await waitFor('the last will', () => states.at(-1) === 'bridge/test-bridge offline');
    const second = await bridge(broker.url);
    await waitFor('online again', () => states.at(-1) === 'bridge/test-bridge online');
    await second.kill('SIGTERM');
    await waitFor('offline after a clean stop', () => states.at(-1) === 'bridge/test-bridge offline');
    expect(await second.exited).toBe(0);
  });

  it('stops within its time while messages pour in, and what it leaves is delivered again', async () => {
    const broker = await startMosquitto();
    const first = await bridge(broker.url);
    await ready(first.url);
    const publishing = publishReadings(broker.url, readings(15_000), 1000);
    await waitFor('the first commits', async () => (await metric(first.url, 'vigia_commits_total')) > 5);
    await first.kill('SIGTERM');
    expect(await first.exited).toBe(0);
    await publishing.done;
    const second = await bridge(broker.url, {}, first.data);
    await waitFor('all readings', async () => (await storedCount(second.url)) === 15_000, 30_000);
  }, 60_000);

  it('backs off and names MQTT_CLIENT_ID when another client has the same', async () => {
    const broker = await startMosquitto();
    const child = await bridge(broker.url);
    await ready(child.url);
    const rival = mqtt.connect(broker.url, { clientId: 'test-bridge', reconnectPeriod: 50 });
    onTestFinished(() => rival.endAsync(true));
    await waitForOutput(child, /does another client use MQTT_CLIENT_ID 'test-bridge'/, 20_000);
    expect((await fetch(`${child.url}/readyz`)).status).toBe(503);
    rival.end(true);
    await ready(child.url);
  });

  it('is not ready while the broker is away, and comes back by itself', async () => {
    const broker = await startMosquitto();
    const { url } = await bridge(broker.url);
    await ready(url);
    await broker.stop();
    await waitFor('not ready', async () => (await fetch(`${url}/readyz`)).status === 503);
    await broker.start();
    await ready(url);
    await publishReadings(broker.url, readings(10)).done;
    await waitFor('the readings', async () => (await storedCount(url)) === 10);
  });
});

it('stops instead of fighting when the broker says that its session was taken over', async () => {
  // Mosquitto 2.0 closes without that message, and Aedes has no MQTT 5: so a scripted peer says it.
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    const send = (packet: mqttPacket.Packet) =>
      socket.write(mqttPacket.generate(packet, { protocolVersion: 5 }));
    parser.on('packet', ({ cmd, messageId }) => {
      if (cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
      if (cmd !== 'subscribe') return;
      send({ cmd: 'suback', messageId: messageId!, granted: [1] });
      send({ cmd: 'disconnect', reasonCode: 0x8e });
      socket.end();
    });
    socket.on('data', (chunk) => parser.parse(chunk)).on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const child = await bridge(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await waitForOutput(child, /took over the session of MQTT_CLIENT_ID 'test-bridge'/);
  const answer = await fetch(`${child.url}/readyz`);
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('took over the session');
  // Whoever restarts what is not healthy sees it too.
  const health = await fetch(`${child.url}/healthz`);
  expect(health.status).toBe(503);
  expect(await health.text()).toContain('took over the session');
  expect(connections).toBe(1);
});

it('falls back to MQTT 3.1.1 where the broker speaks no 5', async () => {
  const broker = await startBroker({
    tcp: { host: '127.0.0.1', port: 0, setting: 'MQTT_PORT' },
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(() => broker.close());
  const { url } = await bridge(`mqtt://127.0.0.1:${broker.mqttPort}`, { MQTT_GROUP: '' });
  await ready(url);
  await publishReadings(`mqtt://127.0.0.1:${broker.mqttPort}`, readings(20)).done;
  await waitFor('the readings', async () => (await storedCount(url)) === 20);
});

it('names the setting when there is no broker to subscribe at, or a wrong one', async () => {
  const data = temporaryDirectory();
  const unset = await runVigia(['bridge', '--port', '0', '--data', data], { env: { MQTT_URL: '' } });
  expect(unset).toMatchObject({ code: 1 });
  expect(unset.output).toMatch(/^vigia: MQTT_URL is not set/m);
  const wrong = await runVigia(['bridge', '--data', data], { env: { MQTT_URL: 'broker:1883', PORT: 'abc' } });
  expect(wrong.code).toBe(1);
  expect(wrong.output).toMatch(/MQTT_URL: must be a URL/);
  expect(wrong.output).toMatch(/PORT: must be a whole number/);
  const away = await bridge(`mqtt://127.0.0.1:${await freePort()}`, {}, data);
  await waitForOutput(away, /MQTT_URL: connect ECONNREFUSED/);
});
