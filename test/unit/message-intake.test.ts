import { expect, it } from 'vitest';
import { MessageIntake } from '../../src/intake/message-intake.ts';
import { Decoder } from '../../src/sources/decoder.ts';
import { compileSources, topicSources } from '../../src/sources/read-sources.ts';
import { openEmbeddedStore } from '../../src/store/embedded-store.ts';
import { runningPipeline } from '../helpers/running-pipeline.ts';
import { temporaryDirectory } from '../helpers/temporary-directory.ts';
import { waitFor } from '../helpers/wait-for.ts';

it('keeps the begin of a message that is larger than MAX_PAYLOAD as a dead letter', async () => {
  const store = openEmbeddedStore({
    directory: temporaryDirectory(),
    ...{ retention: 30 * 86_400_000, deadLetterMax: 9 },
  });
  const { pipeline } = runningPipeline(store);
  const sources = compileSources(topicSources(['sensors/{sensor}/{metric}']));
  const decoder = new Decoder(sources, { maxReadings: 10, maxNameBytes: 200 });
  const intake = new MessageIntake(decoder, pipeline, null, 5);
  const send = async (payload: string) => {
    let acked = false;
    const ack = () => {
      acked = true;
    };
    intake.receive({ topic: 'sensors/a/temperature', bytes: Buffer.from(payload), ack });
    await waitFor('the acknowledgement', () => acked);
  };
  await send('21.25');
  await send('21.250');
  const [letter, ...others] = await store.deadLetters.list(9);
  expect(others).toEqual([]);
  expect(letter).toMatchObject({ reason: 'too-large', size: 5, detail: expect.stringContaining('6 bytes') });
  expect(await store.series.range({ sensor: 'a', metric: 'temperature' }, 0, 9e15)).toHaveLength(1);
  await pipeline.close(1000);
  await store.close();
});
