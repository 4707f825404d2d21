/** `vigia model` at a running `vigia serve`, and at two bridges on one Redis. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Artifact, modelId, writeArtifact } from '../../models/artifact.ts';
import { createModel } from '../../models/lstm-model.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { publishReadings } from '../helpers/publisher.ts';
import { Replica } from '../helpers/replica.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { costlyArtifact, smallArtifact } from '../helpers/small-model.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, metric, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';

const START = Math.floor(Date.now() / 1000) * 1000 - 3_600_000;
const second = smallArtifact('second', 2, 25);
const third = smallArtifact('third', 3, 4);

interface SeriesModels {
  readonly assignments: readonly {
    readonly from: number;
    readonly model: string;
    readonly shadow?: string;
  }[];
  readonly next: { readonly model: string; readonly shadow: string | null };
  readonly comparison: { readonly readings: number } | null;
}

const value = (i: number) => 70 + ((i * 7919) % 1000) / 500;
const at = (i: number) => START + 1000 * i;

async function folder(artifact: Artifact): Promise<string> {
  const directory = temporaryDirectory();
  await writeArtifact(directory, artifact);
  return directory;
}

/** Readings `from` to `to` of a sensor, one at a time where the time of a change matters. */
async function post(url: string, sensor: string, from: number, to: number, spike = -1): Promise<void> {
  const readings = Array.from({ length: to - from }, (_, i) => ({
    sensor,
    metric: 'temperature',
    value: from + i === spike ? 150 : value(from + i),
    ts: at(from + i),
  }));
  const response = await fetch(`${url}/api/readings`, { method: 'POST', body: JSON.stringify(readings) });
  expect(response.status).toBe(200);
}

const modelsOf = (url: string, sensor: string) =>
  getJson<SeriesModels>(`${url}/api/series/${sensor}/temperature/models`);

async function model(url: string, ...args: string[]): Promise<string> {
  const { code, output } = await runVigia(['model', ...args, '--url', url]);
  expect({ code, output }).toMatchObject({ code: 0 });
  return output;
}

it('compares, promotes and rolls back without a restart, and remembers it over one', async () => {
  const data = temporaryDirectory();
  const start = (env: Record<string, string> = {}) => serve(['--no-devices', '--data', data], { env });
  const first = await start();
  const { url } = first;
  const shipped = /default +(default-\w+)/.exec(await model(url, 'list'))![1]!;
  await post(url, 'a', 0, 150);

  expect(await model(url, 'shadow', await folder(second))).toContain(`${modelId(second)} scores beside`);
  await post(url, 'a', 150, 400, 390);
  const shown = await model(url, 'show', modelId(second));
  expect(shown).toMatch(
    /window +25\n[\s\S]*shadow on +1 series\ncompared +235 readings; alerts: 1 of the active model, 1 of the shadow;/,
  );
  expect(shown).toMatch(/a\/temperature +235 +1 +1 +[\d.]+ +[\d.]+ +default-/);
  expect(await model(url, 'list')).toMatch(/the default +shadow second-\w+: 235 readings/);
  expect(await metric(url, 'vigia_shadow_readings_total', `model="${modelId(second)}"`)).toBe(235);
  const alerts = await getJson<{ model: string; ts: number }[]>(`${url}/api/alerts?sensor=a`);
  expect(alerts).toEqual([expect.objectContaining({ model: shipped, ts: at(390) })]);

  await model(url, 'promote', modelId(second));
  expect(await modelsOf(url, 'a')).toMatchObject({ next: { model: modelId(second), shadow: null } });
  await post(url, 'a', 400, 520, 510);
  expect((await modelsOf(url, 'a')).assignments).toEqual([
    { from: 0, model: shipped },
    { from: at(150), model: shipped, shadow: modelId(second) },
    { from: at(400), model: modelId(second) },
  ]);
  const [newest] = await getJson<{ model: string; ts: number }[]>(`${url}/api/alerts?sensor=a`);
  expect(newest).toMatchObject({ model: modelId(second), ts: at(510) });

  await model(url, 'promote', await folder(third), '--sensor', 'boiler-*', '--metric', 'temp*');
  await post(url, 'boiler-7', 0, 10);
  expect((await modelsOf(url, 'boiler-7')).assignments).toEqual([{ from: 0, model: modelId(third) }]);
  await first.kill('SIGTERM');

  // What was promoted stays in force over a restart, also over one with another MODEL_DIR.
  const again = await start({ MODEL_DIR: await folder(smallArtifact('brought', 9)), LOG_LEVEL: 'info' });
  expect(again.output()).toMatch(new RegExp(`model +${modelId(second)} \\(window 25`));
  const list = await model(again.url, 'list');
  expect(list).toMatch(
    new RegExp(`default +${modelId(second)}\n +sensor 'boiler-\\*', metric 'temp\\*' +third`),
  );
  expect(again.output()).toMatch(/the default was promoted: the model of MODEL_DIR is in the store/);
  expect(await model(again.url, 'rollback')).toMatch(/rolled back for the default: brought-/);
  await model(again.url, 'rollback', '--sensor', 'boiler-*', '--metric', 'temp*');
  await post(again.url, 'a', 520, 530);
  await post(again.url, 'boiler-7', 10, 11);
  for (const [sensor, from] of [
    ['a', 520],
    ['boiler-7', 10],
  ] as const) {
    const { assignments } = await modelsOf(again.url, sensor);
    expect(assignments.at(-1)).toEqual({ from: at(from), model: expect.stringMatching(/^brought-/) });
  }
}, 60_000);

it('says which models cost much, at the start and when one is brought along', async () => {
  const [started, brought] = ['started', 'brought'].map((name) => costlyArtifact(name)) as [
    Artifact,
    Artifact,
  ];
  const { url, output } = await serve(['--no-devices', '--data', temporaryDirectory()], {
    env: { MODEL_DIR: await folder(started) },
  });
  const note = (artifact: Artifact) => `${modelId(artifact)}: each forecast takes about 2 ms`;
  expect(output()).toContain(note(started));
  expect(await model(url, 'promote', await folder(brought))).toContain(note(brought));
  await waitFor('the log', () => output().includes(note(brought)));
});

it('says what is wrong, and changes nothing', async () => {
  const { url } = await serve(['--no-devices', '--data', temporaryDirectory()]);
  const broken = temporaryDirectory();
  mkdirSync(broken, { recursive: true });
  writeFileSync(join(broken, 'model.json'), '{"format": 1, "name"');
  for (const [args, problem] of [
    [['promote', 'nothing'], /404: there is no model 'nothing' in the store/],
    [['promote', broken], /model\.json: not a model file: no valid JSON \(cut off\?\)/],
    [['promote', join(broken, 'absent')], /model\.json: cannot be read/],
    [['promote', await folder(second), '--sensor', ''], /400: sensor is empty/],
    [['rollback'], /nothing was promoted for the default/],
    [['shadow', '--end', '--sensor', 'x'], /there is no shadow for sensor 'x'/],
    [['shadow'], /give a model, or --end/],
    [['show', 'nothing'], /404/],
  ] as const) {
    const { code, output } = await runVigia(['model', ...args, '--url', url]);
    expect({ args, code }).toEqual({ args, code: 1 });
    expect(output).toMatch(problem);
    expect(output).not.toMatch(/\n {4}at /);
  }
  expect(await getJson(`${url}/api/models`)).toMatchObject({ rules: [], history: [] });
});

describe.skipIf(!MOSQUITTO || !REDIS)('two bridges (need mosquitto and redis-server)', () => {
  it('judge alike by what one of them was told, and by the MODEL_DIR of the last', async () => {
    const broker = await startMosquitto();
    const env = { MQTT_URL: broker.url, REDIS_URL: (await startRedis()).url, MODEL_REFRESH: '100ms' };
    const a = new Replica('a', { ...env, MODEL_DIR: await folder(smallArtifact('first', 1)) });
    const b = new Replica('b', { ...env, MODEL_DIR: await folder(third) });
    for (const replica of [a, b]) {
      replica.spawn();
      await replica.ready();
    }
    const [one, two] = [await a.url, await b.url];
    await waitFor('a to follow b', async () => (await metric(one, 'vigia_model_start_differs')) === 1);
    expect(await metric(two, 'vigia_model_start_differs')).toBe(0);
    expect(a.output).toMatch(/this replica was started with model first-\w+, a later one with third-/);

    const sensors = ['s0', 's1', 's2', 's3'];
    const count = (from: number, to: number) =>
      sensors.flatMap((sensor) =>
        Array.from({ length: to - from }, (_, i) => ({ sensor, ts: at(from + i), value: value(from + i) })),
      );
    await publishReadings(broker.url, count(0, 60), 20).done;
    await waitFor('the first part', async () => (await committed(one)) + (await committed(two)) === 240);
    await model(two, 'promote', await folder(second));
    const inForce = `model="${modelId(second)}",sensor="*",metric="*",role="active"`;
    await waitFor('a to hear of it', async () => (await metric(one, 'vigia_model_in_force', inForce)) === 1);
    await publishReadings(broker.url, count(60, 120), 20).done;
    await waitFor('the second part', async () => (await committed(one)) + (await committed(two)) === 480);
    expect(Math.min(await committed(one), await committed(two))).toBeGreaterThan(0);

    const forecasts = { [modelId(second)]: createModel(second), [modelId(third)]: createModel(third) };
    for (const sensor of sensors) {
      const { assignments } = await modelsOf(one, sensor);
      expect(await modelsOf(two, sensor)).toMatchObject({ assignments });
      expect(assignments.map(({ model }) => model)).toEqual([modelId(third), modelId(second)]);
      // Whichever of the first readings after the promotion came first: later by at most what was in flight.
      const change = assignments[1]!.from;
      expect(change).toBeGreaterThanOrEqual(at(60));
      expect(change).toBeLessThan(at(80));
      const points = await getJson<{ t: number; v: number; expected?: number }[]>(
        `${one}/api/series/${sensor}/temperature?from=${START}`,
      );
      expect(points).toHaveLength(120);
      for (const [i, point] of points.entries()) {
        const { id, window, forecast } = forecasts[point.t < change ? modelId(third) : modelId(second)]!;
        // The longer window begins with the four values that were kept for the shorter one.
        const known = point.t < change ? i : (point.t - change) / 1000 + 4;
        if (known < window) expect(point.expected, `${id} ${i}`).toBeUndefined();
        else {
          const out = new Float64Array(1);
          forecast(
            Float64Array.from(points.slice(i - window, i), ({ v }) => v),
            1,
            out,
          );
          expect(point.expected).toBe(out[0]);
        }
      }
    }
  }, 90_000);
});

const committed = (url: string) => metric(url, 'vigia_readings_total', 'result="committed"');
