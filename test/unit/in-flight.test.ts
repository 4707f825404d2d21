/** What the accounts hold of messages between arrival and acknowledgement. */
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { InFlight } from '../../src/pipeline/in-flight.ts';
import { MessageTicket } from '../../src/pipeline/ticket.ts';

function ticket(arrived: number): MessageTicket {
  const made = new MessageTicket({ topic: 't/x', bytes: Buffer.from('12345'), ack() {} }, 1, arrived);
  made.remaining = 1;
  return made;
}

it('lets go of what is over, however long an older one waits', async () => {
  const registry = new Registry();
  const inFlight = new InFlight(registry);
  const gauge = async (name: string) =>
    Number((await registry.getSingleMetricAsString(`vigia_in_flight_${name}`)).split(' ').at(-1));
  const stuck = ticket(performance.now() - 60_000);
  inFlight.add(stuck);
  for (let i = 0; i < 10_000; i++) {
    const next = ticket(performance.now());
    inFlight.add(next);
    next.remaining = 0;
    inFlight.remove(next);
  }
  expect(inFlight.held).toBeLessThan(2000);
  expect(inFlight.held).toBe(1);
  expect(await gauge('messages')).toBe(1);
  expect(await gauge('bytes')).toBe(8);
  expect(await gauge('oldest_seconds')).toBeGreaterThanOrEqual(60);
  stuck.remaining = 0;
  inFlight.remove(stuck);
  const younger = ticket(performance.now());
  inFlight.add(younger);
  expect(await gauge('messages')).toBe(1);
  expect(await gauge('oldest_seconds')).toBeLessThan(30);
});
