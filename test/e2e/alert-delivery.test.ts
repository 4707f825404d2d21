/** Alert changes on their way to receivers: over real HTTP and MQTT, from the embedded store. */
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MqttPublisher } from '../../src/alerts/mqtt-publisher.ts';
import { MqttTarget } from '../../src/alerts/mqtt-target.ts';
import { Webhook } from '../../src/alerts/webhook.ts';
import { commitAlerts } from '../helpers/alert-feed.ts';
import { deliver, openStore } from '../helpers/deliver.ts';
import { MOSQUITTO, startMosquitto } from '../helpers/mosquitto.ts';
import { mqttClient } from '../helpers/mqtt-peers.ts';
import { REDIS, startRedis } from '../helpers/running-redis.ts';
import { storeAt } from '../helpers/stored-load.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

const TS = Date.UTC(2026, 0, 2, 3, 4, 5);
const S = { sensor: 'boiler', metric: 'temperature' };

const webhook = (url: string, secret?: string, timeout = 5000) =>
  new Webhook({ url, secret, timeout, now: Date.now });

describe('a webhook', () => {
  it('is told of each change once, in order, signed', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    const url = receiver.url.replace('//', '//user:p%40ss@');
    const { metric, log } = await deliver(store, webhook(url, 'a secret'));
    const keys = await commitAlerts(store, S, [{ ts: TS, model: 'm-1' }]);
    keys.push(...(await commitAlerts(store, S, [{ ts: TS, state: 'cleared', clearedTs: TS + 5000 }])));
    await store.alerts.acknowledge(`boiler/temperature/anomaly/${TS}`);
    keys.push(`boiler/temperature/anomaly/${TS}/3`);
    await waitFor('three posts', () => receiver.posts.length >= 3);
    expect(receiver.keys()).toEqual(keys);
    const [first] = receiver.posts;
    expect(first!.json).toEqual({
      ...S,
      id: `boiler/temperature/anomaly/${TS}`,
      rule: 'anomaly',
      ts: TS,
      time: '2026-01-02T03:04:05.000Z',
      value: 9,
      expected: 5,
      score: 1.5,
      limit: null,
      model: 'm-1',
      unit: '°C',
      severity: 'warning',
      state: 'open',
      clearedTs: null,
      acknowledged: false,
      acknowledgedBy: null,
      acknowledgedAt: null,
      revision: 1,
      explanation: null,
      reason: null,
      text: expect.objectContaining({ en: 'value 9 °C, expected 5 °C, score 1.5' }),
      expectedRange: null,
      durationMs: null,
      peak: { ts: TS, value: 9 },
      changedAt: expect.any(Number),
    });
    expect(receiver.posts.at(-1)!.json).toMatchObject({ state: 'cleared', acknowledged: true, model: null });
    for (const { headers, body } of receiver.posts) {
      const timestamp = String(headers['vigia-timestamp']);
      expect(Math.abs(Date.now() / 1000 - Number(timestamp))).toBeLessThan(60);
      const hmac = createHmac('sha256', 'a secret').update(`${timestamp}.${body}`).digest('hex');
      expect(headers['vigia-signature']).toBe(`sha256=${hmac}`);
      expect(headers['content-type']).toBe('application/json');
      expect(headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
    }
    expect(receiver.posts.map(({ headers }) => headers['idempotency-key'])).toEqual(keys);
    await waitFor('none to wait', async () => (await metric('deliveries_pending')) === 0);
    expect(await metric('deliveries_total', 'delivered')).toBe(3);
    expect(log()).not.toMatch(/secret|p@ss|p%40ss/);
  });

  it('hears nothing of a revision that is no news, and is not signed without a secret', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    await deliver(store, webhook(receiver.url));
    await commitAlerts(store, S, [{ ts: TS }]);
    for (let i = 0; i < 5; i++) await commitAlerts(store, S, [{ ts: TS, score: i }]);
    await commitAlerts(store, S, [{ ts: TS, state: 'retracted' }]);
    await waitFor('the end of it', () => receiver.posts.at(-1)?.json.state === 'retracted');
    expect(receiver.posts.map(({ json }) => json.revision)).toEqual([1, 7]);
    expect(receiver.posts[0]!.headers).not.toHaveProperty('vigia-signature');
  });

  it('that fails is tried again, in order, until it takes it', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    const answers = [503, 500, 429, 408, 204];
    receiver.answer = () => ({ status: answers.shift() ?? 204 });
    const { metric, log } = await deliver(store, webhook(receiver.url));
    const keys = await commitAlerts(store, S, [{ ts: TS }]);
    keys.push(...(await commitAlerts(store, S, [{ ts: TS, state: 'cleared', clearedTs: TS + 1 }])));
    await waitFor('two deliveries', async () => (await metric('deliveries_total', 'delivered')) === 2);
    expect(receiver.keys()).toEqual([...Array(5).fill(keys[0]), keys[1]]);
    expect(await metric('deliveries_total', 'failed')).toBe(4);
    expect(log()).toMatch(/HTTP 503.*\n.*HTTP 500/);
    expect(log()).toContain('get through again');
  });

  it('that refuses is tried a few more times, then the change is given up and the next one told', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    receiver.answer = ({ json }) => ({ status: json.revision === 1 ? 400 : 204 });
    const { metric, log } = await deliver(store, webhook(receiver.url));
    const keys = await commitAlerts(store, S, [{ ts: TS }]);
    keys.push(...(await commitAlerts(store, S, [{ ts: TS, state: 'cleared', clearedTs: TS + 1 }])));
    await waitFor('the next one', () => receiver.keys().includes(keys[1]!));
    expect(receiver.keys()).toEqual([keys[0], keys[0], keys[0], keys[1]]);
    expect(await metric('deliveries_total', 'refused')).toBe(1);
    expect(await metric('deliveries_total', 'failed')).toBe(2);
    expect(log()).toMatch(/"attempts":3,"reason":"HTTP 400".*given up/);
  });

  it('that redirects is not followed, and the setting is named', async () => {
    const [store, receiver, elsewhere] = [openStore(), await webhookReceiver(), await webhookReceiver()];
    receiver.answer = () => ({ status: 307, headers: { location: elsewhere.url } });
    const { metric, log } = await deliver(store, webhook(receiver.url));
    await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('the end of tries', async () => (await metric('deliveries_total', 'refused')) === 1);
    expect(elsewhere.posts).toEqual([]);
    expect(log()).toContain('ALERT_WEBHOOK_URL redirects');
  });

  it('that does not answer is given up in time, and waited for as long as it asks', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    const times: number[] = [];
    receiver.answer = () => {
      times.push(performance.now());
      if (times.length === 1) return null;
      return times.length === 2 ? { status: 503, headers: { 'retry-after': '3' } } : { status: 200 };
    };
    const { log } = await deliver(store, webhook(receiver.url, undefined, 200), { longestPause: 60_000 });
    await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('the third try', () => times.length === 3);
    expect(log()).toContain('no answer within 0.2 s');
    // Without the header the pause after the second failure is 2 s at most.
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(3000);
  });

  it.skipIf(!REDIS)('is told by another process at once when the one that tells it stops', async () => {
    const [store, receiver] = [await storeAt((await startRedis()).url), await webhookReceiver()];
    const { close } = await deliver(store, webhook(receiver.url));
    await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('a post', () => receiver.posts.length === 1);
    const take = () => store.alertStream.backlog('webhook', 'another', 60_000, 10);
    expect((await take()).entries).toBeNull();
    await close();
    expect((await take()).entries).not.toBeNull();
  });

  it('that asks for a pause gets it, however short the pauses of the sender are', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    const times: number[] = [];
    const answers = [
      { status: 429, headers: { 'retry-after': '1' } },
      // Discord and Telegram say it in the body, with a fraction.
      { status: 429, body: '{"retry_after": 0.8}' },
      { status: 429, body: '{"parameters": {"retry_after": 1}}' },
    ];
    receiver.answer = () => answers[times.push(performance.now()) - 1] ?? { status: 204 };
    await deliver(store, webhook(receiver.url), { longestPause: 20 });
    await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('the fourth try', () => times.length === 4);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(790);
    expect(times[3]! - times[2]!).toBeGreaterThanOrEqual(990);
  });

  it('that has refused a change for good gets it when it is sent again, and the log says that it is kept', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    let status = 400;
    receiver.answer = () => ({ status });
    const { metric, log } = await deliver(store, webhook(receiver.url));
    const [opened] = await commitAlerts(store, S, [{ ts: TS }]);
    const [cleared] = await commitAlerts(store, S, [{ ts: TS, state: 'cleared', clearedTs: TS + 1 }]);
    await waitFor('both to be kept', async () => (await metric('deliveries_kept')) === 2);
    expect(log()).toContain('given up and kept');
    expect((await store.keptAlerts.list('webhook')).map(({ reason }) => reason)).toEqual([
      'HTTP 400',
      'HTTP 400',
    ]);
    const before = receiver.posts.length;
    status = 204;
    expect(await store.keptAlerts.sendAgain('webhook', null)).toBe(2);
    await waitFor('none to be kept', async () => (await metric('deliveries_kept')) === 0);
    expect(receiver.keys().slice(before)).toEqual([opened, cleared]);
  });

  it('hears only of what its filter lets pass, and how that ends', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    const filter = { sensors: ['b*'], metrics: ['*'], rules: ['*'], severities: ['critical'] as const };
    const { metric } = await deliver(store, webhook(receiver.url), {}, Date.now, filter);
    await commitAlerts(store, { ...S, sensor: 'oven' }, [{ ts: TS, score: 9 }]);
    await commitAlerts(store, S, [{ ts: TS, score: 1 }]);
    const keys = await commitAlerts(store, S, [{ ts: TS + 1, score: 9 }]);
    const end = { state: 'cleared', clearedTs: TS + 9 } as const;
    await commitAlerts(store, S, [{ ts: TS, score: 1, ...end }]);
    // A re-fold has made it less grave: who knows that it is open is told how it ends.
    keys.push(...(await commitAlerts(store, S, [{ ts: TS + 1, score: 1.5, ...end }])));
    await waitFor('the end', () => receiver.posts.length === 2);
    await waitFor('none to wait', async () => (await metric('deliveries_pending')) === 0);
    expect(receiver.keys()).toEqual(keys);
  });

  it('hears of an alert once it is settled, and nothing of what was taken back before', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    await deliver(store, webhook(receiver.url), { settle: 1500 });
    const [at, TS] = [performance.now(), Date.now()];
    const [first] = await commitAlerts(store, S, [{ ts: TS }, { ts: TS + 1 }]);
    const second = `boiler/temperature/anomaly/${TS + 1}`;
    await commitAlerts(store, S, [{ ts: TS + 1, state: 'retracted' }]);
    // Cleared by a late reading, which a later one contradicts: it has been open all the time.
    const third = { ts: TS, score: 2 } as const;
    await commitAlerts(store, S, [{ ...third, state: 'cleared', clearedTs: TS + 5 }]);
    await commitAlerts(store, S, [third]);
    const end = await commitAlerts(store, S, [{ ts: TS + 2, state: 'cleared', clearedTs: TS + 5 }]);
    await waitFor('both', () => receiver.posts.length === 2);
    expect(performance.now() - at).toBeGreaterThanOrEqual(1500);
    expect(receiver.keys()).toEqual([first, ...end]);
    await waitFor('the place', async () => (await store.alertStream.told('webhook', [second]))[0] === '');
    // It stays unknown to the receiver, whatever happens to it.
    await store.alerts.acknowledge(second);
    await waitFor(
      'all',
      async () => (await store.alertStream.backlog('webhook', 'test', 1000, 0)).pending === 0,
    );
    expect(receiver.posts).toHaveLength(2);
  });

  it('that knows of an open alert is told when its series is deleted', async () => {
    const [store, receiver] = [openStore(), await webhookReceiver()];
    await deliver(store, webhook(receiver.url));
    const [opened] = await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor(
      'it',
      async () => (await store.alertStream.told('webhook', [opened!.slice(0, -2)]))[0] === 'open',
    );
    await store.series.remove(S);
    await waitFor('its end', () => receiver.posts.length === 2);
    expect(receiver.posts[1]!.json).toMatchObject({
      state: 'cleared',
      revision: 2,
      clearedTs: expect.any(Number),
    });
  });

  it('that is down is told later, from where it was, also after a restart; what is too old is given up', async () => {
    const directory = temporaryDirectory();
    const receiver = await webhookReceiver();
    await receiver.stop();
    const store = openStore(directory);
    let clock = Date.now();
    const first = await deliver(store, webhook(receiver.url), { maxAge: 60_000 }, () => clock);
    const keys: string[] = [];
    for (let i = 0; i < 150; i++) keys.push(...(await commitAlerts(store, S, [{ ts: TS + i }])));
    await waitFor('a failed try', async () => (await first.metric('deliveries_total', 'failed')) > 1);
    await waitFor('its count', async () => (await first.metric('deliveries_pending')) === 150);
    expect(first.log()).toContain('ECONNREFUSED');
    clock += 50_000;
    expect(await first.metric('delivery_oldest_pending_seconds')).toBeGreaterThan(49);
    await first.close();
    await store.close();

    await receiver.start();
    const taken: string[] = [];
    receiver.answer = ({ json }) => {
      const open = taken.length < 120;
      if (open) taken.push(`${json.id}/${json.revision}`);
      return { status: open ? 204 : 503 };
    };
    const again = openStore(directory);
    const second = await deliver(again, webhook(receiver.url), { maxAge: 60_000 }, () => clock);
    await waitFor('the first 120', async () => (await second.metric('deliveries_pending')) === 30);
    expect(taken).toEqual(keys.slice(0, 120));
    clock += 60_000;
    await waitFor('the end of the others', async () => (await second.metric('deliveries_pending')) === 0);
    expect(await second.metric('deliveries_total', 'expired')).toBe(30);
    expect(second.log()).toMatch(/"changes":30.*ALERT_MAX_AGE/);
    expect(await second.metric('delivery_oldest_pending_seconds')).toBe(0);
  });
});

describe('over MQTT', () => {
  const publisher = (url: string, over: object = {}) =>
    new MqttTarget(new MqttPublisher({ url, access: {}, clientId: 'x-alerts', timeout: 2000, ...over }));

  /** Everything that is published under `alerts/`. */
  async function listen(url: string) {
    const messages: { topic: string; key: string; retain: boolean; qos: number }[] = [];
    const client = await mqttClient(url, {}, (it) =>
      it.on('message', (topic, payload, { retain, qos }) => {
        const { id, revision } = JSON.parse(payload.toString());
        messages.push({ topic, key: `${id}/${revision}`, retain, qos });
      }),
    );
    await client.subscribeAsync('alerts/#', { qos: 1 });
    return messages;
  }

  it.skipIf(!MOSQUITTO)('names that are no legal level are encoded, and an outage is survived', async () => {
    const [store, broker] = [openStore(), await startMosquitto()];
    const early = await listen(broker.url);
    const { metric } = await deliver(store, publisher(broker.url));
    const names = [
      { sensor: 'a/b', metric: '+' },
      { sensor: '#', metric: 'ñ $' },
    ];
    const keys = [...(await commitAlerts(store, names[0]!, [{ ts: TS }]))];
    keys.push(...(await commitAlerts(store, names[1]!, [{ ts: TS }])));
    await waitFor('both', () => early.length === 2);
    expect(early).toEqual([
      { topic: 'alerts/a%2Fb/%2B', key: keys[0], retain: false, qos: 1 },
      { topic: 'alerts/%23/%C3%B1%20%24', key: keys[1], retain: false, qos: 1 },
    ]);
    await broker.stop();
    const [third] = await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('a failed try', async () => (await metric('deliveries_total', 'failed')) > 1);
    await broker.start();
    // Who connects anew hears nothing of what was before.
    const late = await listen(broker.url);
    await waitFor('it', async () => (await metric('deliveries_total', 'delivered')) === 3);
    expect(late.filter(({ key }) => key !== third)).toEqual([]);
  });

  it.skipIf(!MOSQUITTO)('a broker whose access rules drop it is heard', async () => {
    const directory = temporaryDirectory();
    const acl = `${directory}/acl`;
    writeFileSync(acl, 'topic readwrite sensors/#\n');
    const [store, broker] = [openStore(), await startMosquitto([`acl_file ${acl}`])];
    const { metric, log } = await deliver(store, publisher(broker.url));
    await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('the end of tries', async () => (await metric('deliveries_total', 'refused')) === 1);
    expect(log()).toMatch(/the broker refuses the message.*ot authorized/);
  });

  it('falls back to MQTT 3.1.1', async () => {
    const [store, broker] = [openStore(), await testBroker()];
    const messages = await listen(broker.url);
    await deliver(store, publisher(broker.url));
    const keys = await commitAlerts(store, S, [{ ts: TS }]);
    await waitFor('it', () => messages.length === 1);
    expect(messages[0]).toMatchObject({ topic: 'alerts/boiler/temperature', key: keys[0] });
  });
});
