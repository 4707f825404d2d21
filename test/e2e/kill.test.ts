/** Promise 1: what was acknowledged is stored, once, although the process is killed again and again. */
import { expect, it } from 'vitest';
import { freePort } from '../helpers/child.ts';
import { publishReadings } from '../helpers/publisher.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

it('kill -9 ten times under 20,000 readings: every acknowledged reading is stored once', async () => {
  const directory = temporaryDirectory();
  const [http, mqtt] = [await freePort(), await freePort()];
  const args = ['--no-devices', '--data', directory, '--port', String(http), '--mqtt-port', String(mqtt)];
  const start = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
  const readings = Array.from({ length: 20_000 }, (_, i) => ({
    sensor: `s${i % 20}`,
    ts: start + Math.floor(i / 20) * 1000,
    value: 70 + ((i * 7919) % 1000) / 100,
  }));
  let server = await serve(args);
  const { acknowledged, done } = publishReadings(server.mqttUrl, readings);
  for (let kill = 1; kill <= 10; kill++) {
    await waitFor(`${kill * 1800} acknowledgements`, () => acknowledged.length >= kill * 1800, 30_000);
    await server.kill('SIGKILL');
    server = await serve(args);
  }
  await done;
  expect(acknowledged).toHaveLength(20_000);
  for (let s = 0; s < 20; s++) {
    const points = await getJson<{ t: number; v: number }[]>(
      `${server.url}/api/series/s${s}/temperature?from=${start}&to=${start + 3_600_000}`,
    );
    const want = readings
      .filter(({ sensor }) => sensor === `s${s}`)
      .map(({ ts, value }) => ({ t: ts, v: value }));
    expect(points.map(({ t, v }) => ({ t, v }))).toEqual(want);
  }
}, 120_000);
