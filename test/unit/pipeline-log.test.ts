/** What the pipeline logs leads to the messages and requests that it is about. */
import pino from 'pino';
import { expect, it, onTestFinished } from 'vitest';
import { StoreUnavailable, VigiaError } from '../../src/errors.ts';
import { DeadLetterLog } from '../../src/pipeline/dead-letter-log.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import type { Store } from '../../src/store/store.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

function collectingLogger(level: string) {
  const lines: Record<string, unknown>[] = [];
  return { lines, logger: pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) }) };
}

it('names the messages and requests whose series cannot be written', async () => {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    retention: 30 * 86_400_000,
    deadLetterMax: 10,
  });
  onTestFinished(() => store.close());
  const { lines, logger } = collectingLogger('error');
  const error = new VigiaError('wrong_type', 'a key of another type');
  const { pipeline, intake } = runningPipeline(
    alteredStore(store, 'series', {
      commit: async (commits) => commits.map(() => ({ status: 'failed', error })),
    }),
    { logger },
  );
  intake.receive({
    topic: 'sensors/s/temperature',
    bytes: Buffer.from('21'),
    packetId: 4711,
    ack: () => {},
  });
  const refused = pipeline.submit([{ sensor: 's', metric: 'temperature', value: 22 }], 'request-1');
  await expect(refused).rejects.toMatchObject({ code: 'store_unavailable' });
  const from = await waitFor('both origins', () => {
    const found = lines.flatMap((line) => line.from as object[]);
    return found.length >= 2 && found;
  });
  expect(from).toEqual(
    expect.arrayContaining([{ topic: 'sensors/s/temperature', packetId: 4711 }, { requestId: 'request-1' }]),
  );
});

it('warns of dead letters once in ten seconds, and tells each at debug', () => {
  let now = 0;
  const letter = (id: string) => ({ id, topic: 't', reason: 'not-json', detail: 'x', packetId: undefined });
  const quiet = collectingLogger('info');
  const log = new DeadLetterLog(quiet.logger, () => now);
  log.add([]);
  log.add([letter('a'), letter('b')]);
  now = 9_999;
  log.add([letter('c')]);
  expect(quiet.lines).toEqual([expect.objectContaining({ level: 40, id: 'b', topic: 't', count: 2 })]);
  now = 10_000;
  log.add([letter('d')]);
  expect(quiet.lines[1]).toMatchObject({ id: 'd', count: 2 });

  const loud = collectingLogger('debug');
  new DeadLetterLog(loud.logger, () => now).add([{ ...letter('a'), bytes: Buffer.from('secret') } as never]);
  expect(loud.lines.map(({ level, id }) => ({ level, id }))).toEqual([
    { level: 20, id: 'a' },
    { level: 40, id: 'a' },
  ]);
  expect(JSON.stringify(loud.lines)).not.toContain('bytes');
});

/** A pipeline whose log is collected, on a store that keeps ten dead letters. */
function logged(change: (store: Store) => Store = (store) => store) {
  const directory = temporaryDirectory();
  const store = openEmbeddedStore({ directory, retention: 30 * 86_400_000, deadLetterMax: 10 });
  onTestFinished(() => store.close());
  const { lines, logger } = collectingLogger('warn');
  const running = runningPipeline(change(store), { logger });
  const deliver = (sensor: string, payload: string, ack: () => void) =>
    running.intake.receive({ topic: `sensors/${sensor}/temperature`, bytes: Buffer.from(payload), ack });
  return { lines, running, deliver };
}

it('tells of dead letters, and of those dropped for lack of room', async () => {
  const { lines, running, deliver } = logged();
  let acks = 0;
  for (let i = 0; i < 12; i++) deliver('s', `bad ${i}`, () => acks++);
  await waitFor('the dead letters', () => acks === 12);
  expect(lines.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining([
      'messages became dead letters; this is the last of them',
      'DEAD_LETTER_MAX or DEAD_LETTER_MAX_BYTES reached: the oldest dead letters were dropped',
    ]),
  );
  expect(await running.metric('vigia_dead_letters_dropped_total')).toBe(2);
});

it('goes on with the rest of a batch that failed, and says so', async () => {
  const { lines, deliver } = logged();
  let acked = false;
  deliver('bad', 'no number', () => {
    throw new Error('an acknowledgement that fails');
  });
  deliver('good', '21', () => {
    acked = true;
  });
  await waitFor('the other message', () => acked, 20_000);
  expect(lines.find(({ msg }) => msg === 'batch failed; its readings are tried again')).toMatchObject({
    from: [{ topic: 'sensors/good/temperature' }],
  });
});

it('does not call a batch failed that an end cuts off', async () => {
  const { lines, running, deliver } = logged((store) =>
    alteredStore(store, 'series', {
      commit: async () => {
        throw new StoreUnavailable('gone');
      },
    }),
  );
  deliver('s', '21', () => {});
  await waitFor('the outage', () => lines.length > 0);
  await running.pipeline.close(10);
  // The batch ends in a later turn of the event loop.
  const until = Date.now() + 50;
  await waitFor('its end', () => Date.now() > until);
  expect(lines.map(({ msg }) => msg)).toEqual(['the store is away; nothing is acknowledged meanwhile']);
});
