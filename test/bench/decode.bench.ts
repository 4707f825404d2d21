/**
 * What decoding costs: the two messages of the fast path, a nested JSON of 1 kB, and Sparkplug B of 20 metrics. BENCH_BASE names
 * the directory of another built checkout of release 0.1, whose decoder is measured beside.
 */
import { describe, it } from 'vitest';
import { Decoder } from '../../src/sources/decoder.ts';
import { compileSources, topicSources } from '../../src/sources/read-sources.ts';
import { nestedMessage, sparkplugMessage } from '../helpers/format-samples.ts';

const LIMITS = { maxReadings: 10_000, maxNameBytes: 200 };
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 15);
const MESSAGES = 100_000;

interface Decodes {
  decode(topic: string, bytes: Uint8Array): readonly unknown[];
}

/** Microseconds a message: the median of the rounds, after one that warms up. */
function cost(decoder: Decodes, topic: string, messages: readonly Buffer[]): number {
  const round = () => {
    const started = performance.now();
    for (let i = 0; i < MESSAGES; i++) decoder.decode(topic, messages[i % messages.length]!);
    return ((performance.now() - started) / MESSAGES) * 1000;
  };
  round();
  const costs = Array.from({ length: ROUNDS }, round).sort((a, b) => a - b);
  return costs[ROUNDS >> 1]!;
}

async function base(directory: string): Promise<Decodes> {
  const { Decoder: Before } = await import(`${directory}/dist/src/codecs/decode.js`);
  const { TopicTemplate } = await import(`${directory}/dist/src/codecs/topic.js`);
  return new Before([new TopicTemplate('sensors/{sensor}/{metric}')], LIMITS);
}

const SAMPLES: readonly (readonly [string, string, readonly Buffer[]])[] = [
  [
    '{"value":…,"ts":…}',
    'sensors/a/temperature',
    Array.from({ length: 50 }, (_, i) =>
      Buffer.from(`{"value":${20 + i / 8},"ts":${1_796_019_770_000 + i}}`),
    ),
  ],
  [
    'a number',
    'sensors/a/temperature',
    Array.from({ length: 50 }, (_, i) => Buffer.from(String(20 + i / 8))),
  ],
  ['nested JSON of 1 kB', 'device/a', Array.from({ length: 50 }, (_, i) => nestedMessage(i))],
  [
    'Sparkplug B, 20 metrics',
    'spBv1.0/plant/DDATA/edge/device',
    Array.from({ length: 50 }, (_, i) => sparkplugMessage(20, i)),
  ],
];

describe('decoding', () => {
  it('costs, in microseconds a message', async () => {
    const specs = [
      ...topicSources(['sensors/{sensor}/{metric}', 'device/{sensor}']),
      { topic: 'spBv1.0/#', format: 'sparkplug-b' } as const,
    ];
    const decoder = new Decoder(compileSources(specs), LIMITS);
    const before = process.env.BENCH_BASE ? await base(process.env.BENCH_BASE) : null;
    for (const [name, topic, messages] of SAMPLES) {
      const now = cost(decoder, topic, messages);
      const then =
        before && topic.startsWith('sensors/')
          ? `, before ${cost(before, topic, messages).toFixed(3)} µs`
          : '';
      console.log(
        `${name} (${messages[0]!.length} bytes, ${decoder.decode(topic, messages[0]!).length} readings): ${now.toFixed(3)} µs${then}`,
      );
    }
  });
});
