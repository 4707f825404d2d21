/** What the pipeline logs leads to the messages and requests that it is about. */
import { expect, it, onTestFinished } from 'vitest';
import { VigiaError } from '../../src/errors.ts';
import { DeadLetterLog } from '../../src/pipeline/dead-letter-log.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { alteredStore } from '../helpers/altered-store.ts';
import { collectingLogger } from '../helpers/collecting-logger.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

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
