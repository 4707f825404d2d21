/** Messages of every format with faults in them: flipped and lost bytes, cut ends, pieces of other messages. Seeded. */
import { DEVICE_CASES } from './device-cases.ts';
import { nestedMessage, sparkplugMessage } from './format-samples.ts';

export interface Mutated {
  readonly topic: string;
  readonly bytes: Buffer;
}

const SEEDS: readonly Mutated[] = [
  ...DEVICE_CASES.map(({ topic, payload }) => ({ topic, bytes: Buffer.from(payload) })),
  { topic: 'device/a', bytes: nestedMessage(1) },
  { topic: 'spBv1.0/plant/DDATA/edge/device', bytes: sparkplugMessage(20, 1) },
  { topic: 'device/b', bytes: Buffer.from('a,b,c\n1,2,3\n4,"5",6') },
];

/** Mulberry32. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function* mutatedPayloads(count: number, seed: number): Generator<Mutated> {
  const next = random(seed);
  const below = (n: number) => Math.floor(next() * n);
  for (let i = 0; i < count; i++) {
    const { topic, bytes: original } = SEEDS[below(SEEDS.length)]!;
    let bytes = Buffer.from(original);
    for (let changes = below(4); changes >= 0 && bytes.length > 0; changes--) {
      const at = below(bytes.length);
      const kind = below(6);
      if (kind === 0) bytes[at] = below(256);
      else if (kind === 1) bytes[at] = bytes[at]! ^ (1 << below(8));
      else if (kind === 2) bytes = bytes.subarray(0, at);
      else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(8))]);
      else if (kind === 4) bytes = Buffer.concat([bytes, bytes.subarray(at)]);
      else {
        const other = SEEDS[below(SEEDS.length)]!.bytes;
        bytes = Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length))]);
      }
    }
    // Any format may come on any topic.
    yield { topic: below(4) === 0 ? SEEDS[below(SEEDS.length)]!.topic : topic, bytes };
  }
}
