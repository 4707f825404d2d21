/** What one client sends does not stop the others: subscriptions, retained messages, packets that never end. */
import { generate, type ISubackPacket } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { loopDelay } from '../helpers/loop-delay.ts';
import { mqttClient, type RawClient, rawClient, rawSession } from '../helpers/mqtt-peers.ts';
import { testBroker } from '../helpers/test-broker.ts';
import { waitFor } from '../helpers/wait-for.ts';

const filters = (count: number, form = (i: number) => `flood/${i}/+`) =>
  Array.from({ length: count }, (_, i) => ({ topic: form(i), qos: 1 as const }));

async function subscribe(client: RawClient, subscriptions: { topic: string; qos: 0 | 1 | 2 }[]) {
  const before = client.received.filter(({ cmd }) => cmd === 'suback').length;
  client.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  const suback = await waitFor(
    'the SUBACK',
    () => client.received.filter(({ cmd }) => cmd === 'suback')[before],
    60_000,
  );
  return (suback as ISubackPacket).granted.map(Number);
}

describe('subscriptions', () => {
  test('8,000 in one packet are refused at once, in one answer, and hold up nobody', async () => {
    const broker = await testBroker();
    const client = await rawSession(broker.mqttPort, { clientId: 'greedy', clean: false });
    let granted: number[] = [];
    const { delay, bound } = await loopDelay(async () => {
      granted = await subscribe(client, filters(8000));
    });
    expect(granted).toEqual(new Array(8000).fill(128));
    expect(delay).toBeLessThan(bound);
    expect(broker.refused('subscriptions-of-packet')).toBe(1);
    expect(await subscribe(client, filters(2))).toEqual([1, 1]);
  });

  test.each([true, false])(
    'as many as one packet may have are granted without a pause (clean: %s)',
    async (clean) => {
      const broker = await testBroker({ limits: { maxFilters: 5000 } });
      const client = await rawSession(broker.mqttPort, { clientId: 'greedy', clean });
      const { delay, bound } = await loopDelay(async () => {
        for (let packet = 0; packet < 2; packet++) {
          const granted = await subscribe(
            client,
            filters(5000, (i) => `flood/${packet}/${i}/+`),
          );
          expect(granted).toEqual(new Array(5000).fill(1));
        }
      });
      expect(delay).toBeLessThan(bound);
      const { delay: leaving } = await loopDelay(async () => {
        client.socket.destroy();
        await waitFor('the end', () => broker.connections() === 0);
        await rawSession(broker.mqttPort, { clientId: 'greedy', clean });
      });
      expect(leaving).toBeLessThan(bound);
    },
  );

  test('of one client are bounded: what is beyond is refused, what is given up makes room', async () => {
    const broker = await testBroker({ limits: { maxSubscriptions: 3 } });
    const client = await rawSession(broker.mqttPort, { clientId: 'greedy', clean: false });
    expect(await subscribe(client, filters(4))).toEqual([1, 1, 1, 128]);
    expect(await subscribe(client, filters(2))).toEqual([1, 1]);
    client.send({ cmd: 'unsubscribe', messageId: 2, unsubscriptions: ['flood/0/+'] });
    await client.packet('unsuback');
    expect(
      await subscribe(
        client,
        filters(1, () => 'x'),
      ),
    ).toEqual([1]);
    expect(broker.refused('subscriptions-of-client')).toBe(1);
    // An absent client does not get rid of its bound.
    client.socket.destroy();
    await waitFor('the end', () => broker.connections() === 0);
    const again = await rawSession(broker.mqttPort, { clientId: 'greedy', clean: false });
    expect(
      await subscribe(
        again,
        filters(1, () => 'y'),
      ),
    ).toEqual([128]);
  });

  test('of all clients of one user are bounded', async () => {
    const broker = await testBroker({ limits: { maxUserSubscriptions: 5 } });
    const [one, two] = [await rawSession(broker.mqttPort), await rawSession(broker.mqttPort)];
    expect(await subscribe(one, filters(3))).toEqual([1, 1, 1]);
    expect(await subscribe(two, filters(3))).toEqual([1, 1, 128]);
    one.socket.destroy();
    await waitFor('room', () => broker.connections() === 1);
    expect(await subscribe(two, filters(3))).toEqual([1, 1, 1]);
    expect(broker.refused('subscriptions-of-user')).toBe(1);
  });
});

describe('retained messages', () => {
  test('5,000 of them and 300 filters that match none hold up nobody', async () => {
    const broker = await testBroker();
    for (let i = 0; i < 5000; i++) void broker.publish(`kept/${i % 100}/${i}`, 'x', { retain: true });
    await waitFor('them', () => broker.statistics().retainedMessages === 5000);
    const client = await rawSession(broker.mqttPort);
    const { delay, bound } = await loopDelay(async () => {
      await subscribe(
        client,
        filters(300, (i) => `+/+/+/none${i}`),
      );
      // The searches go on after the answer.
      await subscribe(
        client,
        filters(1, () => 'kept/1/101'),
      );
      await client.packet('publish', 60_000);
    });
    expect(delay).toBeLessThan(bound);
  });

  test('go to a subscriber once for all filters of a packet', async () => {
    const broker = await testBroker();
    await broker.publish('a/b', '1', { retain: true });
    await broker.publish('a/c', '2', { retain: true });
    const client = await rawSession(broker.mqttPort);
    await subscribe(
      client,
      filters(3, (i) => ['a/#', '+/b', 'a/b'][i]!),
    );
    await subscribe(
      client,
      filters(1, () => 'a/c'),
    );
    await waitFor('all', () => client.received.filter(({ cmd }) => cmd === 'publish').length >= 3);
    const topics = client.received.flatMap((packet) => (packet.cmd === 'publish' ? [packet.topic] : []));
    expect(topics.sort()).toEqual(['a/b', 'a/c', 'a/c']);
  });
});

describe('connections', () => {
  const CONNECT = generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: '',
    keepalive: 0,
  });

  test('that go before their CONNACK leave nothing behind', async () => {
    const broker = await testBroker();
    for (let round = 0; round < 10; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const client = await rawClient(broker.mqttPort);
          client.socket.write(CONNECT);
          if (i % 2) client.socket.end();
          else client.socket.resetAndDestroy();
        }),
      );
    }
    await waitFor('their end', () => broker.connections() === 0);
    expect(broker.statistics().clients).toBe(0);
  });

  test('with packets that never end are closed when these take too much, the largest first', async () => {
    const broker = await testBroker({ limits: { maxUnfinishedBytes: 1_000_000 } });
    const unfinished = (bytes: number) => {
      const packet = generate({
        cmd: 'publish',
        topic: 'a',
        payload: Buffer.alloc(bytes),
        qos: 0,
        dup: false,
        retain: false,
      });
      return packet.subarray(0, -1);
    };
    const small = await rawSession(broker.mqttPort);
    small.socket.write(unfinished(1000));
    const large = await Promise.all(Array.from({ length: 8 }, () => rawSession(broker.mqttPort)));
    for (const { socket } of large) socket.write(unfinished(240_000));
    await waitFor('some to be closed', () => large.filter(({ closed }) => closed()).length >= 4);
    expect(large.filter(({ closed }) => closed()).length).toBeLessThan(8);
    expect(small.closed()).toBe(false);
    expect(broker.refused('unfinished')).toBeGreaterThanOrEqual(4);
    // The small one can still finish.
    small.socket.write(Buffer.from([0]));
    small.send({ cmd: 'pingreq' });
    await small.packet('pingresp');
  });

  test('of one address are bounded', async () => {
    const broker = await testBroker({ limits: { maxAddressConnections: 2 } });
    const first = await rawSession(broker.mqttPort);
    await mqttClient(broker.webSocketUrl);
    const third = await rawClient(broker.mqttPort);
    await waitFor('the close', third.closed);
    expect(broker.refused('connections-of-address')).toBe(1);
    first.socket.destroy();
    await waitFor('room', () => broker.connections() === 1);
    await rawSession(broker.mqttPort);
  });
});
