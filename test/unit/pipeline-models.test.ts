/** Models per series: promotions take effect at one timestamp on every replica, whatever arrives when. */
import { describe, expect, it } from 'vitest';
import { artifactBytes, modelId } from '../../models/artifact.ts';
import type { Model } from '../../models/model.ts';
import { decodeState } from '../../src/detect/state-format.ts';
import {
  DEFAULT_SCOPE,
  type ModelTable,
  promote,
  rollBack,
  setShadow,
} from '../../src/domain/model-table.ts';
import type { Reading } from '../../src/domain/reading.ts';
import type { ModelRegistry } from '../../src/model-registry/model-registry.ts';
import { keptAssignments } from '../../src/planning/assignments.ts';
import type { Store } from '../../src/store/store.ts';
import { disorder, openStore, SERIES, START, stored, wave } from '../helpers/one-series.ts';
import { modelRegistry, runningPipeline } from '../helpers/running-pipeline.ts';
import { smallArtifact, smallModel } from '../helpers/small-model.ts';

const NOW = Date.now();
const first = smallModel('first', 1);
const second = smallArtifact('second', 2, 25);
const third = smallArtifact('third', 3, 4);
const ids = [second, third].map(modelId) as [string, string];

async function withModels(store: Store): Promise<Store> {
  for (const artifact of [second, third]) await store.models.put(modelId(artifact), artifactBytes(artifact));
  return store;
}

/** A replica with models of its own; all changes of the table at one time, so that records may be compared. */
function replica(store: Store, own: Model = first) {
  const models = modelRegistry(store, own);
  return { models, ...runningPipeline(store, { models }) };
}

async function feed(
  replicas: readonly ReturnType<typeof replica>[],
  readings: readonly Reading[],
  size: number,
) {
  for (let at = 0, i = 0; at < readings.length; at += size, i++) {
    await replicas[i % replicas.length]!.pipeline.submit(readings.slice(at, at + size));
  }
}

const change = (models: ModelRegistry, edit: (table: ModelTable) => ModelTable) => models.change(edit);

describe('a promotion', () => {
  it('takes effect at one timestamp, however the readings around it arrive and are spread over replicas', async () => {
    const readings = wave(520, 11);
    const [shadowed, promoted, back] = [100, 260, 400];
    const steps = (models: ModelRegistry) => [
      () => change(models, (table) => setShadow(table, DEFAULT_SCOPE, ids[0], NOW)),
      () => change(models, (table) => promote(table, DEFAULT_SCOPE, ids[0], NOW)),
      () => change(models, (table) => promote(table, { sensor: 's*', metric: '*' }, ids[1], NOW)),
    ];

    const sorted = await withModels(openStore());
    const alone = replica(sorted);
    const inOrder = steps(alone.models);
    await feed([alone], readings.slice(0, shadowed), 23);
    for (const [i, [from, to]] of [
      [shadowed, promoted],
      [promoted, back],
      [back, 520],
    ].entries()) {
      await inOrder[i]!();
      await feed([alone], readings.slice(from, to), 23);
    }
    const want = await stored(sorted);
    expect(want.assignments).toEqual([
      { from: 0, model: first.id },
      { from: readings[shadowed]!.ts, model: first.id, shadow: ids[0], revision: NOW },
      { from: readings[promoted]!.ts, model: ids[0], revision: NOW + 1 },
      { from: readings[back]!.ts, model: ids[1], revision: NOW + 2 },
    ]);

    const shuffled = await withModels(openStore());
    const replicas = [replica(shuffled), replica(shuffled)];
    const outOfOrder = steps(replicas[0]!.models);
    const late: Reading[] = [];
    let from = 0;
    for (const [i, to] of [shadowed, promoted, back, 520].entries()) {
      const part = readings.slice(from, to);
      // The first goes ahead, so that all agree on where the change is; every seventh is late, some by a promotion.
      const [ahead, ...rest] = part;
      late.push(...rest.slice(0, -1).filter((_, j) => j % 7 === 3));
      const punctual = rest.filter((_, j) => j % 7 !== 3 || j === rest.length - 1);
      await feed([replicas[1]!], [ahead!], 1);
      await feed(replicas, disorder(punctual, 30, 10, i), 9);
      if (i > 0) await feed(replicas, disorder(late.splice(0, late.length / 2), 20, 0, i), 3);
      if (i < 3) {
        await outOfOrder[i]!();
        await replicas[1]!.models.refresh();
      }
      from = to;
    }
    await feed(replicas, disorder(late, 40, 5, 9), 4);
    expect(await stored(shuffled)).toEqual(want);
  });

  it('is not taken back by a replica that has not heard of it', async () => {
    const store = await withModels(openStore());
    const [informed, slow] = [replica(store), replica(store)];
    const readings = wave(60, 2);
    await feed([informed, slow], readings.slice(0, 20), 1);
    await change(informed.models, (table) => promote(table, DEFAULT_SCOPE, ids[0], NOW));
    await feed([informed, slow], readings.slice(20, 50), 1);
    expect((await stored(store)).assignments).toEqual([
      { from: 0, model: first.id },
      { from: readings[20]!.ts, model: ids[0], revision: NOW },
    ]);
    await change(informed.models, (table) => rollBack(table, DEFAULT_SCOPE, NOW));
    await feed([informed, slow], readings.slice(50), 1);
    expect((await stored(store)).assignments.map(({ model }) => model)).toEqual([first.id, ids[0], first.id]);
    // A series that only the slow one sees follows once it has heard.
    const other = wave(12, 3).map((reading) => ({ ...reading, sensor: 'other' }));
    await change(informed.models, (table) => promote(table, DEFAULT_SCOPE, ids[1], NOW));
    await feed([slow], other.slice(0, 6), 6);
    expect(await slow.models.refresh()).toBe(true);
    expect(await slow.models.refresh()).toBe(false);
    await feed([slow], other.slice(6), 6);
    const [record] = await store.series.load([{ ...SERIES, sensor: 'other' }]);
    expect(record!.assignments.map(({ model, from }) => [model, from])).toEqual([
      [first.id, 0],
      [ids[1], other[6]!.ts],
    ]);
  });

  it('is named by the alerts of its time, also when they are cleared or retracted under another model', async () => {
    const store = await withModels(openStore());
    const one = replica(store);
    const readings = wave(400, 5).map((reading, i) => ({
      ...reading,
      value: i === 200 || i === 399 ? 120 : 71 + ((i * 7919) % 100) / 100,
    }));
    await feed([one], readings.slice(0, 201), 50);
    await change(one.models, (table) => promote(table, DEFAULT_SCOPE, ids[0], NOW));
    await feed([one], readings.slice(201), 50);
    const alerts = await store.alerts.list({ limit: 100 });
    const at = (i: number) => alerts.find(({ ts }) => ts === readings[i]!.ts);
    expect(at(200)).toMatchObject({ model: first.id, state: 'cleared' });
    expect(at(399)).toMatchObject({ model: ids[0], state: 'open' });
  });
});

it('scores with a shadow, counts its alerts, and sends none of them', async () => {
  const readings = wave(420, 8).map((reading, i) => (i === 350 ? { ...reading, value: 130 } : reading));
  const run = async (shadow: boolean) => {
    const store = await withModels(openStore());
    const replicas = [replica(store), replica(store)];
    if (shadow) {
      await change(replicas[0]!.models, (table) => setShadow(table, DEFAULT_SCOPE, ids[1], NOW));
      await replicas[1]!.models.refresh();
    }
    await feed(replicas, readings, 15);
    return { store, replicas, all: await stored(store) };
  };
  const { store, replicas, all } = await run(true);
  const without = (await run(false)).all;
  expect(all.samples).toEqual(without.samples);
  expect(all.alerts).toEqual(without.alerts);
  const { shadow } = decodeState(new Uint8Array((await store.series.load([SERIES]))[0]!.state));
  expect(shadow).toMatchObject({ model: ids[1], comparison: { since: START, readings: 410 } });
  expect(shadow!.comparison.shadowAlerts).toBeGreaterThan(0);
  const sum = async (name: string, label: string) =>
    (await Promise.all(replicas.map(({ metric }) => metric(name, label)))).reduce((a, b) => a + b);
  expect(await sum('vigia_shadow_readings_total', `model="${ids[1]}"`)).toBe(410);
  for (const of of ['active', 'shadow'] as const) {
    const label = `model="${ids[1]}",of="${of}"`;
    expect(await sum('vigia_shadow_alerts_total', label)).toBe(shadow!.comparison[`${of}Alerts`]);
    expect(await sum('vigia_shadow_absolute_error_total', label)).toBeCloseTo(
      shadow!.comparison[`${of}Error`],
      6,
    );
  }
});

it('remembers a hundred changes of model, and all that a fold may need', () => {
  const changes = Array.from({ length: 150 }, (_, i) => ({ from: i * 1000, model: `m-${i}` }));
  expect(keptAssignments(changes, 149_500).map(({ from }) => from)).toEqual(
    changes.slice(50).map(({ from }) => from),
  );
  expect(keptAssignments(changes, 20_500)[0]).toEqual({ from: 20_000, model: 'm-20' });
  expect(keptAssignments(changes, -1)).toHaveLength(150);
});

describe('a bad model', () => {
  it('never replaces the running one', async () => {
    const store = await withModels(openStore());
    const one = replica(store);
    const readings = wave(30, 4);
    await feed([one], readings.slice(0, 10), 5);
    const missing = change(one.models, (table) => promote(table, DEFAULT_SCOPE, 'not-there', NOW));
    await expect(missing).rejects.toThrow(/no model 'not-there'/);
    expect(await store.models.table()).toMatchObject({ revision: 0 });
    // What a later version may have written into the store.
    await store.models.put('odd', Buffer.from('{"format": 99}'));
    await store.models.putTable(promote(await store.models.table(), DEFAULT_SCOPE, 'odd', NOW), 0);
    await expect(one.models.refresh()).rejects.toThrow(/format/);
    await feed([one], readings.slice(10), 5);
    expect((await stored(store)).assignments).toEqual([{ from: 0, model: first.id }]);
    await change(one.models, (table) => rollBack(table, DEFAULT_SCOPE, NOW));
    expect(await store.models.table()).toMatchObject({ rules: [] });
  });
});

describe('replicas that were started with different models', () => {
  it('agree on the last one, and do not take turns', async () => {
    const store = await withModels(openStore());
    const own = smallModel('second', 2, 25);
    const [a, b] = [replica(store), replica(store, own)];
    await store.models.put(first.id, artifactBytes(smallArtifact('first', 1)));
    const readings = wave(60, 6);
    await a.models.start('a', NOW);
    await feed([a], readings.slice(0, 10), 1);
    await b.models.start('b', NOW);
    await a.models.refresh();
    await feed([a, b], readings.slice(10, 40), 1);
    // The first crashes and comes back with what it brought before.
    const again = replica(store);
    await again.models.start('a', NOW);
    await feed([again, b], readings.slice(40), 1);
    expect((await stored(store)).assignments).toEqual([
      { from: 0, model: first.id, revision: NOW },
      { from: readings[10]!.ts, model: own.id, revision: NOW + 1 },
    ]);
    // With another one than before it is the newest again.
    const changed = replica(store, smallModel('third', 3, 4));
    await changed.models.start('a', NOW);
    expect(changed.models.table).toMatchObject({ start: ids[1], started: { a: ids[1], b: own.id } });
  });

  it('follow what was promoted whatever they bring', async () => {
    const store = await withModels(openStore());
    const one = replica(store);
    await change(one.models, (table) => promote(table, DEFAULT_SCOPE, ids[1], NOW));
    const two = replica(store, smallModel('second', 2, 25));
    await two.models.start('two', NOW);
    expect(two.models.choice(SERIES).model).toBe(ids[1]);
  });
});
