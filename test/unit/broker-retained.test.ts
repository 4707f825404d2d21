import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { RetainedMessages } from '../../broker/retained-messages.ts';
import { matchesFilter } from '../../broker/topic-filter.ts';
import { random } from '../../devices/random.ts';

const limits = { maxRetainedMessages: 100_000, maxRetainedBytes: 1e9 };
const packet = (topic: string, payload = 'x') =>
  ({ cmd: 'publish', topic, payload: Buffer.from(payload), qos: 0, dup: false, retain: true }) as const;

async function found(retained: RetainedMessages, ...filters: string[]): Promise<string[]> {
  const topics: string[] = [];
  for await (const { topic } of retained.match(filters)) topics.push(topic);
  return topics.sort();
}

describe('retained messages', () => {
  it('are found for the filters that are for them, whatever was stored and removed', async () => {
    const source = random(7);
    const level = () => source.pick(['a', 'b', 'c', '', '$x']);
    const word = () => source.pick(['a', 'b', '+', '+', '']);
    const retained = new RetainedMessages(limits, pino({ level: 'silent' }));
    const kept = new Set<string>();
    for (let round = 0; round < 300; round++) {
      const topic = Array.from({ length: source.integer(1, 4) }, level).join('/');
      if (topic === '') continue;
      if (source.integer(0, 3) === 0) {
        retained.set(packet(topic, ''));
        kept.delete(topic);
      } else {
        retained.set(packet(topic));
        kept.add(topic);
      }
      const words = Array.from({ length: source.integer(1, 4) }, word);
      if (source.integer(0, 2) === 0) words.push('#');
      const filter = words.join('/') || '#';
      expect(await found(retained, filter), filter).toEqual(
        [...kept].filter((one) => matchesFilter(filter, one)).sort(),
      );
      expect(retained.size).toBe(kept.size);
    }
  });

  it('are found without a look at the others', async () => {
    const retained = new RetainedMessages(limits, pino({ level: 'silent' }));
    for (let i = 0; i < 20_000; i++) retained.set(packet(`kept/${i % 100}/${i}`));
    expect(await found(retained, 'kept/7/107')).toEqual(['kept/7/107']);
    expect(retained.looked).toBeLessThanOrEqual(3);
    expect(await found(retained, 'kept/7/+')).toHaveLength(200);
    expect(retained.looked).toBeLessThanOrEqual(300);
    expect(await found(retained, 'other/#')).toEqual([]);
    expect(retained.looked).toBeLessThanOrEqual(300);
  });

  it('let others have their turn while they are looked through', async () => {
    const retained = new RetainedMessages(limits, pino({ level: 'silent' }));
    for (let i = 0; i < 20_000; i++) retained.set(packet(`kept/${i}`));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    await Promise.all(Array.from({ length: 5 }, () => found(retained, '+/+/none')));
    clearInterval(timer);
    expect(retained.looked).toBe(5 * 20_001);
    expect(turns).toBeGreaterThan(3);
  });
});
