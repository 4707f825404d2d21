import fc from 'fast-check';
import { generate, parser } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import type { QueueLimits } from '../../broker/limits.ts';
import { type Delivery, encode, type Message, messageOf, packetSize } from '../../broker/message.ts';
import { MessageQueue } from '../../broker/message-queue.ts';
import { PacketIds } from '../../broker/packet-ids.ts';
import { QueueMemory } from '../../broker/queue-memory.ts';
import { silent } from '../helpers/test-broker.ts';

function message(order: number, bytes = 100): Message {
  return { topic: 't', payload: Buffer.from(String(order)), qos: 1, bytes, order };
}
const given = (one: Message, id = 1): Delivery => ({ message: one, qos: 1, id, dup: false, received: false });
const memoryOf = (limits: Partial<QueueLimits> = {}) =>
  new QueueMemory(
    { maxQueuedMessages: 1e6, maxQueuedBytes: 1e9, maxUserQueuedBytes: 1e9, ...limits },
    silent,
  );

function drain(queue: MessageQueue): number[] {
  const orders: number[] = [];
  for (let next = queue.shift(); next; next = queue.shift())
    orders.push('message' in next ? next.message.order : next.order);
  return orders;
}

describe('the queues of one owner', () => {
  test('have a bound of their own: beyond it the largest of them loses its oldest, not that of another', () => {
    const memory = memoryOf({ maxUserQueuedBytes: 1000 });
    const [one, two, other] = ['me', 'me', 'you'].map(
      (owner) => new MessageQueue('q', memory, () => undefined, owner),
    ) as [MessageQueue, MessageQueue, MessageQueue];
    for (let i = 1; i <= 8; i++) other.push(message(i));
    for (let i = 1; i <= 3; i++) one.push(message(i));
    for (let i = 1; i <= 20; i++) two.push(message(i));
    expect([one.length, other.length]).toEqual([3, 8]);
    expect(two.length).toBeLessThanOrEqual(7);
    expect(drain(two).at(-1)).toBe(20);
    expect(memory.dropped).toBeGreaterThanOrEqual(13);
    one.close();
    for (let i = 1; i <= 9; i++) two.push(message(i));
    expect(two.length).toBe(9);
  });
});

describe('a message queue', () => {
  test('gives back in the order of arrival, whatever came back in between, and knows its size', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('push', 'shift', 'return'), { maxLength: 3000 }), (steps) => {
        const memory = memoryOf();
        const queue = new MessageQueue('q', memory, () => undefined);
        const inQueue = new Set<number>();
        const out: Message[] = [];
        let order = 0;
        for (const step of steps) {
          if (step === 'push') {
            queue.push(message(++order));
            inQueue.add(order);
          } else if (step === 'return') {
            queue.takeBack(out.map((one) => given(one)));
            for (const one of out) inQueue.add(one.order);
            out.length = 0;
          } else {
            const next = queue.shift();
            const taken = next && 'message' in next ? next.message : next;
            expect(taken?.order).toBe(inQueue.size > 0 ? Math.min(...inQueue) : undefined);
            if (taken) {
              inQueue.delete(taken.order);
              out.push(taken);
            }
          }
          expect([queue.length, queue.bytes, memory.bytes]).toEqual([
            inQueue.size,
            inQueue.size * 100,
            inQueue.size * 100,
          ]);
        }
        expect(drain(queue)).toEqual([...inQueue].sort((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });

  test('drops the oldest beyond its limit, counts it, and frees the identifier of one given before', () => {
    const memory = memoryOf({ maxQueuedMessages: 3 });
    const freed: number[] = [];
    const queue = new MessageQueue('q', memory, ({ id }) => freed.push(id));
    queue.takeBack([given(message(1), 77)]);
    for (let order = 2; order <= 5; order++) queue.push(message(order));
    expect(memory.dropped).toBe(2);
    expect(freed).toEqual([77]);
    expect(drain(queue)).toEqual([3, 4, 5]);
  });

  test('together: the largest loses its oldest, the small ones nothing', () => {
    const memory = memoryOf({ maxQueuedBytes: 10_000 });
    const large = new MessageQueue('large', memory, () => undefined);
    const small = new MessageQueue('small', memory, () => undefined);
    for (let order = 1; order <= 95; order++) large.push(message(order));
    for (let order = 96; order <= 115; order++) small.push(message(order));
    expect(memory.bytes).toBeLessThanOrEqual(10_000);
    expect(memory.bytes).toBeGreaterThan(9700);
    const left = drain(large);
    expect(left).toEqual(Array.from({ length: left.length }, (_, i) => 96 - left.length + i));
    expect(drain(small)).toEqual(Array.from({ length: 20 }, (_, i) => 96 + i));
    expect(memory.dropped).toBe(95 - left.length);
    expect(memory.bytes).toBe(0);
  });

  test('one message larger than all the room is dropped, and does not hang', () => {
    const memory = memoryOf({ maxQueuedBytes: 1000 });
    const queue = new MessageQueue('q', memory, () => undefined);
    queue.push(message(1, 5000));
    expect([queue.length, memory.bytes, memory.dropped]).toEqual([0, 0, 1]);
  });

  test('closed: gives its memory back', () => {
    const memory = memoryOf();
    const queue = new MessageQueue('q', memory, () => undefined);
    queue.push(message(1));
    queue.takeBack([given(message(0))]);
    queue.close();
    expect(memory.bytes).toBe(0);
    expect(drain(queue)).toEqual([]);
  });
});

describe('on the wire', () => {
  const deliveries = fc.array(
    fc.record({
      topic: fc
        .string({ unit: 'grapheme', minLength: 1, maxLength: 300 })
        .filter((topic) => !/[+#]/.test(topic)),
      payload: fc.uint8Array({ maxLength: 300, size: 'max' }).map((bytes) => Buffer.from(bytes)),
      qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
      id: fc.integer({ min: 1, max: 65_535 }),
      dup: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  );

  test('deliveries are what mqtt-packet makes of them', () => {
    fc.assert(
      fc.property(deliveries, (list) => {
        const ours = list.map(({ topic, payload, qos, id, dup }) => ({
          message: { topic, payload, qos, bytes: 0, order: 0 },
          qos,
          id,
          dup: dup && qos > 0,
          received: false,
        }));
        const theirs = list.map(({ topic, payload, qos, id, dup }) =>
          generate({
            cmd: 'publish',
            topic,
            payload,
            qos,
            messageId: id,
            dup: dup && qos > 0,
            retain: false,
          }),
        );
        expect(encode(ours).equals(Buffer.concat(theirs))).toBe(true);
        expect(ours.map(packetSize)).toEqual(theirs.map((bytes) => bytes.length));
      }),
    );
  });

  test.each([127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
    'a packet of about %i bytes is whole',
    (size) => {
      for (let length = size - 8; length <= size + 1; length++) {
        const payload = Buffer.alloc(length, 7);
        const bytes = encode([
          {
            message: { topic: 'ab', payload, qos: 1, bytes: 0, order: 0 },
            qos: 1,
            id: 9,
            dup: false,
            received: false,
          },
        ]);
        const packets: object[] = [];
        const decoder = parser();
        decoder.on('packet', (packet) => packets.push(packet));
        expect(decoder.parse(bytes)).toBe(0);
        expect(packets).toMatchObject([{ topic: 'ab', messageId: 9, qos: 1 }]);
        expect((packets[0] as { payload: Buffer }).payload.equals(payload)).toBe(true);
      }
    },
  );

  test('one that the subscriber has becomes its PUBREL', () => {
    const received = { ...given(message(1), 40_000), qos: 2 as const, received: true };
    expect(encode([received])).toEqual(generate({ cmd: 'pubrel', messageId: 40_000 }));
    expect(packetSize(received)).toBe(4);
  });

  test('the payload is a copy', () => {
    const read = Buffer.from('21.5');
    const copy = messageOf({ cmd: 'publish', topic: 'a', payload: read, qos: 1, dup: false, retain: false });
    read.fill(0);
    expect(copy.payload.toString()).toBe('21.5');
  });
});

test('packet identifiers are not given twice, and run out at 32,768', () => {
  const ids = new PacketIds();
  const taken = new Set(Array.from({ length: 32_768 }, () => ids.take()));
  expect(taken.size).toBe(32_768);
  expect(Math.min(...taken)).toBe(32_768);
  expect(Math.max(...taken)).toBe(65_535);
  expect(ids.exhausted).toBe(true);
  expect(() => ids.take()).toThrow(RangeError);
  ids.release(50_000);
  expect(ids.take()).toBe(50_000);
});
