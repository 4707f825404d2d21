/** Parts of the pipeline by themselves: what a whole pipeline shows only under rare conditions. */
import pino from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { Accounting } from '../../src/pipeline/accounting.ts';
import { Conclusion } from '../../src/pipeline/conclusion.ts';
import { Endings } from '../../src/pipeline/endings.ts';
import { Outage } from '../../src/pipeline/outage.ts';
import { ParkedReadings } from '../../src/pipeline/parked-readings.ts';
import { PartialOutage } from '../../src/pipeline/partial-outage.ts';
import { ReadingQueue } from '../../src/pipeline/reading-queue.ts';
import { RefusedSeries } from '../../src/pipeline/refused-series.ts';
import { Shutdown } from '../../src/pipeline/shutdown.ts';
import {
  MessageTicket,
  type PendingReading,
  pendingReading,
  type Ticket,
} from '../../src/pipeline/ticket.ts';
import { Unanswered } from '../../src/pipeline/unanswered.ts';
import { waitFor } from '../helpers/wait-for.ts';

const S = { sensor: 's', metric: 'temperature' };
const AWAY = new StoreUnavailable('away');
const logger = pino({ level: 'silent' });

function request(accounting: Accounting): { ticket: Ticket; pending: PendingReading; ends: string[] } {
  const ends: string[] = [];
  const ticket: Ticket = {
    arrived: performance.now(),
    message: null,
    counted: true,
    requestId: undefined,
    elements: 1,
    remaining: 1,
    done: () => ends.push('done'),
    fail: ({ message }) => ends.push(message),
    failed: false,
    older: null,
    newer: null,
  };
  accounting.admitted(ticket, 1);
  return { ticket, pending: pendingReading(ticket, 0, { reading: { ...S, value: 1 } }), ends };
}

function message(accounting: Accounting): PendingReading {
  const ticket = new MessageTicket({ topic: 't', bytes: Buffer.from('1'), ack() {} }, 1, performance.now());
  ticket.remaining = 1;
  accounting.admitted(ticket, 1);
  return pendingReading(ticket, 0, { reading: { ...S, value: 1 } });
}

it('a request that has been answered cannot fail any more', () => {
  const accounting = new Accounting(new Registry());
  const endings = new Endings(accounting);
  const { ticket, pending, ends } = request(accounting);
  endings.resolve(pending, { status: 'duplicate', reading: { ...S, ts: 1, value: 1 } });
  endings.failTicket(ticket, AWAY);
  endings.failRequests(AWAY, [pending]);
  expect(ends).toEqual(['done']);
  expect(accounting.totals).toMatchObject({ received: 1, duplicate: 1, rejected: 0, inFlight: 0 });
});

it('in an outage the requests in the queue fail and leave it, and the messages stay', async () => {
  const accounting = new Accounting(new Registry());
  const queue = new ReadingQueue();
  const outage = new Outage(queue, new Endings(accounting), logger, new Shutdown());
  const { pending, ends } = request(accounting);
  queue.push([pending, message(accounting)]);
  await outage.backOff(0, AWAY);
  expect(outage.error).toBe(AWAY);
  expect(ends).toEqual(['away']);
  expect(queue.size).toBe(1);
  expect([...queue].map(({ ticket }) => ticket.message?.topic)).toEqual(['t']);
  outage.end();
  expect(outage.error).toBeNull();
});

it('parked readings of a series come back together, and never after the end', async () => {
  const accounting = new Accounting(new Registry());
  const returned: PendingReading[][] = [];
  const shutdown = new Shutdown();
  const parked = new ParkedReadings((pendings) => returned.push([...pendings]), shutdown);
  const [one, two, three, four] = [1, 2, 3, 4].map(() => message(accounting));
  parked.park('s/temperature', [one!], 'series', 20);
  parked.park('s/temperature', [two!], 'series', 20);
  await waitFor('both', () => returned.length > 0);
  expect(returned).toEqual([[one, two]]);
  parked.park('s/temperature', [three!], 'series', 20);
  shutdown.begin();
  parked.close();
  parked.park('s/temperature', [four!], 'series', 1);
  const until = Date.now() + 60;
  await waitFor('their time', () => Date.now() > until);
  expect(returned).toHaveLength(1);
});

it('the replica group is told how many readings were committed, and how many of them late', () => {
  const accounting = new Accounting(new Registry());
  const told: number[][] = [];
  const conclusion = new Conclusion({
    accounting,
    endings: new Endings(accounting),
    refused: new RefusedSeries(),
    unanswered: new Unanswered(),
    partial: new PartialOutage(logger),
    replicas: { committed: (...counts: number[]) => told.push(counts) },
    cache: { committed() {} },
    committed() {},
    now: () => 5000,
  } as never);
  const pendings = [message(accounting), message(accounting)];
  const outcome = { status: 'duplicate', reading: { ...S, value: 1, ts: 1 } };
  const planned = {
    ...{
      commit: { expectedVersion: null },
      entry: { state: { lastTs: 1000 } },
      outcomes: [outcome, outcome],
    },
    ...{ lateScored: 1, lateUnscored: 0, conflicts: 0, shadow: null },
  };
  const group = { key: 's/temperature', series: S, pendings };
  const result = { status: 'committed', version: 'v', alerts: [] } as const;
  expect(conclusion.conclude(group as never, planned as never, result)).toEqual([]);
  expect(told).toEqual([[2, 1]]);
  expect(accounting.totals).toMatchObject({ duplicate: 2, inFlight: 0 });
});
