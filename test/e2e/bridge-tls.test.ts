/** `vigia bridge` at a broker that speaks TLS and asks for client certificates. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { certificates, OPENSSL } from '../helpers/certificates.ts';
import { freePort, waitForOutput } from '../helpers/child.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { publishReadings } from '../helpers/publisher.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { metric, vigia } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

function file(text: string): string {
  const path = join(temporaryDirectory(), 'pem');
  writeFileSync(path, text);
  return path;
}

async function bridge(url: string, env: Record<string, string>) {
  const child = vigia(['bridge', '--port', '0', '--data', temporaryDirectory()], {
    env: { MQTT_URL: url, MQTT_CLIENT_ID: 'test-bridge', ...env },
  });
  const [, opened] = await waitForOutput(child, /open\s+(http:\/\/\S+?)\/\n/);
  return { ...child, url: opened! };
}

describe.skipIf(!MOSQUITTO || !OPENSSL)('a broker with TLS (needs mosquitto and openssl)', () => {
  it('is subscribed at with MQTT_CA_FILE and a client certificate, and by nobody without them', async () => {
    const { ca, signed } = certificates('broker', 'bridge');
    const [own, client] = signed as [(typeof signed)[number], (typeof signed)[number]];
    const strangers = certificates('stranger');
    const port = await freePort();
    const broker = await startMosquitto([
      `listener ${port} 127.0.0.1`,
      `cafile ${file(ca)}`,
      `certfile ${file(own.cert)}`,
      `keyfile ${file(own.key)}`,
      'require_certificate true',
    ]);
    const url = `mqtts://127.0.0.1:${port}`;
    const certificate = { MQTT_CERT_FILE: file(client.cert), MQTT_KEY_FILE: file(client.key) };
    const MQTT_CA_FILE = file(ca);
    const [good, unknown, bare] = await Promise.all([
      bridge(url, { ...certificate, MQTT_CA_FILE }),
      bridge(url, { ...certificate, MQTT_CA_FILE: file(strangers.ca) }),
      bridge(url, { MQTT_CA_FILE }),
    ]);
    await waitFor('readiness', async () => (await fetch(`${good.url}/readyz`)).status === 200);
    await publishReadings(broker.url, [{ sensor: 's', ts: Date.now() - 1000, value: 1 }]).done;
    const committed = () => metric(good.url, 'vigia_readings_total', 'result="committed"');
    await waitFor('the reading', async () => (await committed()) === 1);
    await waitForOutput(unknown, /MQTT_URL: .*certificate/);
    await waitForOutput(bare, /MQTT_URL: /);
    for (const refused of [unknown, bare]) {
      expect((await fetch(`${refused.url}/readyz`)).status).toBe(503);
      expect(await metric(refused.url, 'vigia_readings_received_total')).toBe(0);
    }
  });
});
