/** The receivers of ALERT_RECEIVERS at real servers: Alertmanager, a mail server, a server with a certificate of its own. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Email } from '../../src/alerts/email.ts';
import { MessageTarget } from '../../src/alerts/message-target.ts';
import { parseReceivers } from '../../src/alerts/receiver-list.ts';
import { testNotification } from '../../src/alerts/test-notification.ts';
import { Webhook } from '../../src/alerts/webhook.ts';
import { commitAlerts } from '../helpers/alert-feed.ts';
import { ALERTMANAGER, startAlertmanager } from '../helpers/alertmanager.ts';
import { certificates, OPENSSL } from '../helpers/certificates.ts';
import { deliver, openStore } from '../helpers/deliver.ts';
import { waitFor } from '../helpers/wait-for.ts';

const S = { sensor: 'boiler 1', metric: 'temperature' };

/** The only receiver of a list of one. */
function receiverOf(entry: object) {
  const { receivers, problems } = parseReceivers(JSON.stringify([entry]));
  expect(problems).toEqual([]);
  return receivers[0]!;
}

describe.skipIf(!ALERTMANAGER)('Alertmanager (needs prometheus-alertmanager)', () => {
  it('has an alert while it is open, also after it has forgotten all of them', async () => {
    const [store, manager] = [openStore(), await startAlertmanager()];
    const receiver = receiverOf({ name: 'am', type: 'alertmanager', url: manager.url });
    const target = () => new MessageTarget(receiver as never, { timeout: 5000, now: Date.now });
    const first = await deliver(store, target());
    const ts = Date.now() - 60_000;
    await commitAlerts(store, S, [{ ts, rule: 'max', limit: 8, score: null }]);
    await waitFor('the alert', async () => (await manager.alerts()).length === 1);
    expect(await manager.alerts()).toMatchObject([
      {
        labels: { alertname: 'VigiaAlert', ...S, rule: 'max', severity: 'warning', raised: String(ts) },
        annotations: { value: '9', limit: '8', summary: 'Alert: boiler 1 temperature (max)' },
        startsAt: new Date(ts).toISOString(),
      },
    ]);
    await first.close();
    await manager.restart();
    expect(await manager.alerts()).toEqual([]);
    // Each replica tells it of all open alerts as soon as that replica delivers, and every minute.
    await deliver(store, target());
    await waitFor('the alert again', async () => (await manager.alerts()).length === 1);
    await commitAlerts(store, S, [
      { ts, rule: 'max', limit: 8, score: null, state: 'cleared', clearedTs: ts + 1000 },
    ]);
    await waitFor('its end', async () => (await manager.alerts()).length === 0);
  });
});

/** A mail server that asks for a password, over STARTTLS. */
async function mailServer({ cert, key }: { cert: string; key: string }) {
  const mails: string[] = [];
  let refuse = 0;
  const server = new SMTPServer({
    ...{ cert, key },
    onAuth: ({ username, password }, _session, done) =>
      username === 'vigia' && password === 'p@ss' ? done(null, { user: username }) : done(new Error('wrong')),
    onData(stream, _session, done) {
      let mail = '';
      stream.on('data', (chunk: Buffer) => {
        mail += chunk;
      });
      stream.on('end', () => {
        if (refuse === 0) mails.push(mail);
        done(refuse === 0 ? null : Object.assign(new Error('no'), { responseCode: refuse }));
      });
    },
  });
  server.on('error', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `smtp://vigia:p%40ss@127.0.0.1:${port}`,
    mails,
    refuse(code: number) {
      refuse = code;
    },
  };
}

describe.skipIf(!OPENSSL)('e-mail (needs openssl)', () => {
  it('goes to a mail server over STARTTLS, one thread for one alert, and is refused and retried as the server says', async () => {
    const { ca, signed } = certificates('mail');
    const mail = await mailServer(signed[0]!);
    const entry = {
      name: 'post',
      type: 'email',
      url: mail.url,
      from: 'Vigía <v@x.org>',
      to: 'a@x.org, b@x.org',
      ca,
    };
    const target = new Email(receiverOf(entry) as never, 5000);
    const [store, ts] = [openStore(), Date.now() - 5000];
    const { log } = await deliver(store, target);
    await commitAlerts(store, S, [{ ts, score: 4.25 }]);
    await waitFor('a mail', () => mail.mails.length === 1);
    await commitAlerts(store, S, [{ ts, score: 4.25, state: 'cleared', clearedTs: ts + 1000 }]);
    await waitFor('another', () => mail.mails.length === 2);
    const [first, second] = mail.mails as [string, string];
    expect(first).toMatch(/^Subject: Alert: boiler 1 temperature \(anomaly\)\r$/m);
    expect(first).toMatch(/^To: a@x\.org, b@x\.org\r$/m);
    expect(first).toContain('value 9 =C2=B0C, expected 5 =C2=B0C, score 4.25');
    expect(second).toMatch(/^Subject: Cleared: /m);
    const id = /^Message-ID: (<\S+@x\.org>)/m.exec(first)![1]!;
    expect(/^In-Reply-To: (\S+)/m.exec(second)![1]).toBe(id);
    const signal = new AbortController().signal;
    const now = testNotification(Date.now());
    mail.refuse(451);
    expect(await target.send(now, signal)).toMatchObject({ result: 'failed' });
    mail.refuse(554);
    expect(await target.send(now, signal)).toMatchObject({ result: 'refused' });
    const unknown = new Email(receiverOf({ ...entry, ca: undefined }) as never, 5000);
    expect(await unknown.send(now, signal)).toMatchObject({ result: 'failed' });
    expect(log()).not.toMatch(/p@ss|p%40ss/);
  });
});

describe.skipIf(!OPENSSL)('a receiver with a certificate of its own authority (needs openssl)', () => {
  it('is trusted with its CA file only', async () => {
    const { ca, signed } = certificates('hook');
    let posts = 0;
    const server = createServer(signed[0]!, (request, response) => {
      request.resume().on('end', () => {
        posts++;
        response.writeHead(204).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const send = (over: object) =>
      new Webhook({ name: 'own', url, timeout: 5000, now: Date.now, ...over }).send(
        testNotification(Date.now()),
        new AbortController().signal,
      );
    expect(await send({})).toMatchObject({
      result: 'failed',
      reason: expect.stringContaining('certificate'),
    });
    expect(posts).toBe(0);
    expect(await send({ ca })).toEqual({ result: 'delivered' });
    expect(posts).toBe(1);
  });
});
