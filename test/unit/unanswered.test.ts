/** What is counted, and what the log says, when the store does not answer. */
import { expect, it } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { collectingLogger } from '../helpers/collecting-logger.ts';
import { openStore, wave } from '../helpers/one-series.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { waitFor } from '../helpers/wait-for.ts';

/** A store whose answers to commits are lost while `reasons` has some: `applied` says whether it commits all the same. */
function deaf(applied: boolean, reasons: string[]) {
  const store = openStore();
  return alteredStore(store, 'series', {
    async commit(commits) {
      const reason = reasons.shift();
      if (reason === undefined) return store.series.commit(commits);
      if (applied) await store.series.commit(commits);
      throw new StoreUnavailable(reason);
    },
  });
}

it.each([{ applied: true }, { applied: false }])(
  'counts what was written once, whether or not the answer came (applied: $applied)',
  async ({ applied }) => {
    const { logger, lines } = collectingLogger('info');
    const quiet = runningPipeline(openStore());
    const running = runningPipeline(deaf(applied, ['lost', 'lost', 'lost again']), { logger });
    const readings = wave(400, 7);
    const payload = Buffer.from(JSON.stringify(readings.map(({ ts, value }) => ({ ts, value }))));
    const acks: string[] = [];
    for (const [name, { intake }] of Object.entries({ quiet, running })) {
      intake.receive({ topic: 'sensors/s/temperature', bytes: payload, ack: () => acks.push(name) });
    }
    await waitFor('both', () => acks.length === 2);
    let changes = 0;
    for (const state of ['open', 'cleared', 'retracted']) {
      const label = `state="${state}"`;
      const count = await running.metric('vigia_alert_changes_total', label);
      expect(count).toBe(await quiet.metric('vigia_alert_changes_total', label));
      changes += count;
    }
    expect(changes).toBeGreaterThan(0);
    expect(await running.metric('vigia_readings_total', 'result="committed"')).toBe(400);
    expect(await running.metric('vigia_readings_total', 'result="duplicate"')).toBe(0);
    await waitFor('the end of the outage', () => lines.length >= 2);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the store is away; nothing is acknowledged meanwhile',
      'the store is back; readings are acknowledged again',
    ]);
    expect(lines[1]!.awayMs).toBeGreaterThan(0);
  },
);

it('counts what was there before as duplicate', async () => {
  const store = openStore();
  const first = runningPipeline(store);
  const [reading] = wave(1, 1);
  await first.pipeline.submit([reading!]);
  const running = runningPipeline(store);
  expect(await running.pipeline.submit([reading!])).toMatchObject([{ status: 'duplicate' }]);
});
