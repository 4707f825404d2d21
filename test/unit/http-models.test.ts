/** /api/models on a real server and store: what is accepted, what is refused and why. */
import { describe, expect, it } from 'vitest';
import { type Artifact, artifactBytes, modelId } from '../../models/artifact.ts';
import { modelAdmin } from '../helpers/model-admin.ts';
import { overflowingArtifact, smallArtifact } from '../helpers/small-model.ts';
import { fill, NOW, testHttp } from './http-fixture.ts';

const MODEL = smallArtifact('brought', 3);
const ID = modelId(MODEL);
const bytes = (artifact: Artifact) => new Uint8Array(artifactBytes(artifact));

async function ask(url: string, method = 'GET', body?: Uint8Array<ArrayBuffer> | string) {
  const response = await fetch(url, { method, ...(body !== undefined && { body }) });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

describe('/api/models', () => {
  it('takes a model, shows it, and changes what is in force', async () => {
    const { url, store, log } = await testHttp();
    const models = `${url}/api/models`;
    expect((await ask(models)).body).toMatchObject({ revision: 0, rules: [], models: [] });
    const uploaded = await ask(models, 'POST', bytes(MODEL));
    expect(uploaded).toMatchObject({
      status: 200,
      body: { id: ID, problem: null, details: { window: 10, lstm: [4], scaling: 'window', threshold: 4 } },
    });
    expect(Buffer.from((await store.models.get(ID))!)).toEqual(Buffer.from(artifactBytes(MODEL)));
    expect((await ask(`${models}/${ID}`)).body).toMatchObject({
      ...uploaded.body,
      activeOn: 0,
      comparison: null,
    });

    expect((await ask(`${models}/${ID}/shadow?sensor=boiler-*`, 'POST')).body.rules).toEqual([
      { sensor: 'boiler-*', metric: '*', model: null, shadow: ID },
    ]);
    expect((await ask(`${models}/${ID}/promote?sensor=boiler-*`, 'POST')).body.rules).toEqual([
      { sensor: 'boiler-*', metric: '*', model: ID, shadow: null },
    ]);
    expect((await ask(`${models}/${ID}/promote?metric=humidity`, 'POST')).body.rules).toHaveLength(2);
    expect((await ask(`${models}/rollback?metric=humidity`, 'POST')).body.rules).toHaveLength(1);
    expect((await ask(models)).body).toMatchObject({
      rules: [{ sensor: 'boiler-*', model: ID }],
      history: [{ sensor: 'boiler-*', metric: '*', from: null, to: ID }],
      models: [{ id: ID }],
    });
    expect(log).toContainEqual(
      expect.objectContaining({ msg: 'model promoted', model: ID, sensor: 'boiler-*' }),
    );
  });

  it('says of a series which model judged when', async () => {
    const { url, store } = await testHttp();
    const series = { sensor: 'a/b', metric: 'm' };
    const next = {
      state: new Uint8Array(),
      snapshots: [],
      oldestSnapshot: 0,
      horizon: -1,
      assignments: [
        { from: 0, model: 'one' },
        { from: NOW, model: 'two', shadow: 'one', revision: 7 },
      ],
      status: 'normal' as const,
    };
    await fill(store, series, [{ ts: NOW, value: 1 }], { next });
    await store.models.put(ID, artifactBytes(MODEL));
    await ask(`${url}/api/models/${ID}/promote?sensor=a/*`, 'POST');
    expect(await ask(`${url}/api/series/a%2Fb/m/models`)).toEqual({
      status: 200,
      body: {
        assignments: [
          { from: 0, model: 'one' },
          { from: NOW, model: 'two', shadow: 'one' },
        ],
        next: { model: ID, shadow: null },
        comparison: null,
      },
    });
    expect((await ask(`${url}/api/series/a/m/models`)).status).toBe(404);
    expect((await ask(`${url}/api/series/a/m/models`, 'POST')).status).toBe(405);
  });

  it('refuses a bad model with the field at fault, and changes nothing', async () => {
    const { url, store } = await testHttp();
    const good = JSON.parse(Buffer.from(artifactBytes(MODEL)).toString());
    const with_ = (change: object) => JSON.stringify({ ...good, ...change });
    const overflowing = overflowingArtifact();
    const cases: [string | Uint8Array<ArrayBuffer>, string, RegExp][] = [
      ['', 'model', /no valid JSON/],
      ['[]', 'model', /no JSON object/],
      [bytes(MODEL).slice(0, 500), 'model', /cut off/],
      [with_({ format: 99 }), 'format', /99/],
      [with_({ window: 11 }), 'checksum', /altered or damaged/],
      [with_({ window: 0 }), 'window', /window/],
      [with_({ weights: 'AAAA' }), 'checksum', /altered/],
      [bytes(overflowing), 'weights', /no finite forecast/],
    ];
    for (const [body, field, message] of cases) {
      const answer = await ask(`${url}/api/models`, 'POST', body);
      expect(answer).toMatchObject({ status: 400, body: { error: { code: 'invalid_input', field } } });
      expect(answer.body.error.message).toMatch(message);
    }
    expect(await ask(`${url}/api/models`, 'POST', ' '.repeat(2 ** 20 + 1))).toMatchObject({ status: 413 });
    expect(await store.models.ids()).toEqual([]);
    // One that came into the store by another way is tried when it is to be used.
    const id = modelId(overflowing);
    await store.models.put(id, artifactBytes(overflowing));
    await store.models.put('odd', Buffer.from('{}'));
    expect((await ask(`${url}/api/models`)).body.models).toMatchObject(
      [
        { id: 'odd', details: null, problem: expect.stringContaining('format') },
        { id, problem: null },
      ].sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
    for (const [model, field] of [
      [id, 'weights'],
      ['odd', 'format'],
    ]) {
      for (const what of ['promote', 'shadow']) {
        const answer = await ask(`${url}/api/models/${model}/${what}`, 'POST');
        expect(answer).toMatchObject({ status: 400, body: { error: { field } } });
      }
    }
    expect(await store.models.table()).toMatchObject({ revision: 0 });
  });

  it('refuses what makes no sense, by name', async () => {
    const { url, store } = await testHttp();
    await store.models.put(ID, artifactBytes(MODEL));
    const models = `${url}/api/models`;
    expect(await ask(`${models}/nothing/promote`, 'POST')).toMatchObject({
      status: 404,
      body: { error: { message: "there is no model 'nothing' in the store" } },
    });
    for (const [path, field] of [
      [`${ID}/promote?sensor=`, 'sensor'],
      [`${ID}/shadow?metric=${'x'.repeat(401)}`, 'metric'],
      [`${ID}/promote?sensor=a&sensor=b`, 'sensor'],
      ['rollback', 'sensor'],
      ['end-shadow?sensor=x', 'sensor'],
    ]) {
      expect(await ask(`${models}/${path}`, 'POST')).toMatchObject({
        status: 400,
        body: { error: { field } },
      });
    }
    expect((await ask(`${models}/${ID}`, 'POST')).status).toBe(405);
    expect(await store.models.table()).toMatchObject({ revision: 0 });
  });

  it('asks for the token', async () => {
    const { url } = await testHttp({ token: 'secret' });
    expect((await ask(`${url}/api/models`)).status).toBe(401);
    expect((await ask(`${url}/api/models`, 'POST', bytes(MODEL))).status).toBe(401);
  });
});

describe('the models in the store', () => {
  it('go where no series needs them, and stay where one does', async () => {
    const { url, store } = await testHttp();
    const models = `${url}/api/models`;
    const spare = smallArtifact('spare', 3);
    for (const each of [MODEL, spare]) await ask(models, 'POST', bytes(each));
    await ask(`${models}/${ID}/promote?sensor=a`, 'POST');
    const refused = await ask(`${models}/${ID}`, 'DELETE');
    expect(refused).toMatchObject({ status: 400, body: { error: { field: 'id' } } });
    await fill(store, { sensor: 'b', metric: 'm' }, [{ ts: NOW, value: 1 }], {
      next: {
        ...{ state: new Uint8Array(), snapshots: [], oldestSnapshot: 0, horizon: -1, status: 'normal' },
        assignments: [{ from: 0, model: modelId(spare) }],
      },
    });
    const used = await ask(`${models}/${modelId(spare)}`, 'DELETE');
    expect(used.body.error.message).toContain('it has judged readings of b/m');
    await store.series.remove({ sensor: 'b', metric: 'm' });
    expect(await ask(`${models}/${modelId(spare)}`, 'DELETE')).toEqual({
      status: 200,
      body: { deleted: modelId(spare) },
    });
    expect(await store.models.get(modelId(spare))).toBeNull();
    expect((await ask(`${models}/${modelId(spare)}`, 'DELETE')).status).toBe(404);
  });

  it('have a size together', async () => {
    const inner = await testHttp();
    const size = artifactBytes(MODEL).length;
    const { url } = await testHttp({ models: modelAdmin(inner.store, undefined, undefined, size) });
    const models = `${url}/api/models`;
    expect((await ask(models, 'POST', bytes(MODEL))).status).toBe(200);
    expect((await ask(models, 'POST', bytes(MODEL))).status).toBe(200);
    const more = await ask(models, 'POST', bytes(smallArtifact('more', 3)));
    expect(more).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('MAX_MODELS_SIZE') } },
    });
  });
});
