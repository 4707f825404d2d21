/** Mutes: kept alerts that nobody is told of, at two replicas and from the command line. */
import { expect, it } from 'vitest';
import { ClosedAlerts } from '../../src/alerts/closed-alerts.ts';
import { Mutes } from '../../src/alerts/mutes.ts';
import { Webhook } from '../../src/alerts/webhook.ts';
import { commitAlerts } from '../helpers/alert-feed.ts';
import { deliver, openStore } from '../helpers/deliver.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { getJson, runVigia, serve } from '../helpers/vigia.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { webhookReceiver } from '../helpers/webhook-receiver.ts';

const S = { sensor: 'boiler', metric: 'temperature' };
const ALL = { sensor: '*', metric: '*', rule: '*', until: null, weekly: null, comment: '', by: null };
const TS = Date.UTC(2026, 0, 2);

it('a muted alert is not told, and one that is still open when the mute ends is told then', async () => {
  const [store, receiver] = [openStore(), await webhookReceiver()];
  const options = { documents: store.documents, retention: 86_400_000, now: Date.now };
  const [mutes, other] = [new Mutes(options), new Mutes(options)];
  const { id } = await mutes.add({ ...ALL, rule: 'anom*', from: 0 });
  await other.refresh();
  const target = new Webhook({ url: receiver.url, timeout: 5000, now: Date.now });
  await deliver(store, target, {}, Date.now, undefined, (alert) => other.isMuted(alert));
  const [open] = await commitAlerts(store, S, [{ ts: TS }]);
  await commitAlerts(store, S, [{ ts: TS + 1 }]);
  await commitAlerts(store, S, [{ ts: TS + 1, state: 'cleared', clearedTs: TS + 2 }]);
  const [limit] = await commitAlerts(store, S, [{ ts: TS + 3, rule: 'max', limit: 1 }]);
  await waitFor('what is not muted', () => receiver.posts.length === 1);
  expect(receiver.keys()).toEqual([limit]);
  await mutes.end(id);
  await other.refresh();
  await waitFor('the open one', () => receiver.posts.length === 2);
  expect(receiver.keys()).toEqual([limit, open]);
  const [end] = await commitAlerts(store, S, [{ ts: TS, state: 'cleared', clearedTs: TS + 9 }]);
  await waitFor('its end', () => receiver.posts.length === 3);
  expect(receiver.keys()[2]).toBe(end);
});

it('two processes that mute at the same time lose nothing, and forget mutes with the alerts that they muted', async () => {
  const store = openStore();
  let now = Date.now();
  const options = { documents: store.documents, retention: 1000, now: () => now };
  const [a, b] = [new Mutes(options), new Mutes(options)];
  await Promise.all(
    [a, b, a, b].map((mutes, i) => mutes.add({ ...ALL, comment: `${i}`, from: now - 1, until: now + 500 })),
  );
  await a.refresh();
  expect(
    a
      .list()
      .map(({ comment }) => comment)
      .sort(),
  ).toEqual(['0', '1', '2', '3']);
  expect(await b.end('none')).toBeNull();
  now += 2000;
  await b.add({ ...ALL, from: now });
  expect(b.list()).toHaveLength(1);
});

it('an alert that a person closes counts as cleared, and who knows of it is told of its end once', async () => {
  const [store, receiver] = [openStore(), await webhookReceiver()];
  const closed = new ClosedAlerts({ store, targets: () => ['webhook'], now: Date.now });
  const target = new Webhook({ url: receiver.url, timeout: 5000, now: Date.now });
  await deliver(store, target, {}, Date.now, undefined, (alert) => closed.has(alert));
  const [open] = await commitAlerts(store, S, [{ ts: TS }]);
  const id = open!.replace(/\/1$/, '');
  await waitFor('it to be told', async () => (await store.alertStream.told('webhook', [id]))[0] === 'open');
  expect(await closed.close(id, 'ana')).toMatchObject({ id, state: 'cleared', acknowledged: true });
  expect(await closed.close('no/such/anomaly/1', null)).toBeNull();
  const told = () => receiver.posts.filter(({ json }) => json.id === id).map(({ json }) => json.state);
  await waitFor('its end', () => told().at(-1) === 'cleared');
  await commitAlerts(store, S, [{ ts: TS, state: 'cleared', clearedTs: TS + 1 }]);
  const [next] = await commitAlerts(store, S, [{ ts: TS + 5 }]);
  await waitFor('the next alert', () => receiver.keys().at(-1) === next);
  expect(told().indexOf('cleared')).toBe(told().length - 1);
  const other = new ClosedAlerts({ store, targets: () => [], now: Date.now });
  await other.refresh();
  const alert = (await store.alerts.list({ limit: 9 })).find((each) => each.id === id)!;
  expect(other.seen({ ...alert, state: 'open', clearedTs: null }).state).toBe('cleared');
});

it('vigia mute adds, lists and ends a mute of a running server, and the API shows what is muted', async () => {
  const server = await serve(['--no-devices', '--data', temporaryDirectory()], {
    env: { ALERT_RULES: '[{metric: temperature, max: 30, anomaly: off}]' },
  });
  const cli = (...args: string[]) => runVigia(['mute', ...args, '--url', server.url]);
  const added = await cli(
    'add',
    'oven*',
    '--for',
    '2h',
    '--comment',
    'repair',
    '--weekly',
    'mon,tue,wed,thu,fri,sat,sun 00:00-00:00',
  );
  expect(added).toMatchObject({
    code: 0,
    output: expect.stringMatching(/active {2}oven\*\/\*.*00:00-00:00 UTC {2}repair/),
  });
  const id = /^\w+/.exec(added.output)![0];
  const readings = ['oven-1', 'boiler'].map((sensor) => ({ sensor, metric: 'temperature', value: 40 }));
  await fetch(`${server.url}/api/readings`, { method: 'POST', body: JSON.stringify(readings) });
  const alerts = await getJson<{ sensor: string; muted: boolean }[]>(`${server.url}/api/alerts`);
  expect(Object.fromEntries(alerts.map(({ sensor, muted }) => [sensor, muted]))).toEqual({
    'oven-1': true,
    boiler: false,
  });
  const oven = (await getJson<{ id: string }[]>(`${server.url}/api/alerts?sensor=oven-1`))[0]!.id;
  expect(await runVigia(['alert', 'close', oven, '--url', server.url])).toMatchObject({ code: 0 });
  expect(await getJson(`${server.url}/api/alerts?sensor=oven-1&state=open`)).toEqual([]);
  expect((await cli('list')).output).toContain(`${id}  active`);
  expect((await cli('end', id)).output).toContain(`${id}  not active`);
  expect(await cli('end', 'nobody')).toMatchObject({
    code: 1,
    output: expect.stringContaining('no mute of this id'),
  });
  expect(await cli('add', 'x', '--for', '2h', '--until', '5')).toMatchObject({ code: 1 });
  const wrong = { weekly: { days: ['sun'], start: '22:00', end: '24:00' } };
  const refused = await fetch(`${server.url}/api/mutes`, { method: 'POST', body: JSON.stringify(wrong) });
  expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('HH:MM')]);
});
