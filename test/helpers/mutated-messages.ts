/**
 * Messages for the intake: good readings among bad ones and among wild ones, which are good or bad as chance has it. The
 * same seed gives the same messages.
 */
import fc from 'fast-check';

export interface MutatedMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** `bad`: no reading by construction, whoever reads it. */
  readonly kind: 'good' | 'bad' | 'wild';
}

const SENSORS = 50;
const NASTY = [
  '',
  ' ',
  '-0',
  '1e400',
  'NaN',
  'Infinity',
  '0x10',
  '1_000',
  '1,5',
  '21.5 °C',
  'null',
  '[]',
  '{}',
  '[1,2,"x"]',
  '[1,[2]]',
  '{"value":1e999}',
  '{"value":-0}',
  '{"__proto__":{"value":1}}',
  '{"value":1,"value":"2"}',
  '{"value":1,"ts":"2024-02-30T00:00:00Z"}',
  '{"value":1,"ts":-1}',
  '{"value":1,"ts":1e21}',
  '{"value":1,"ts":0.5}',
  '\uFEFF21.5',
  '['.repeat(5000),
  `${'['.repeat(2000)}1${']'.repeat(2000)}`,
];

/** As large as messages may be. Quadratic time for one of them is minutes, in which nothing else is done. */
const LARGE = [
  `${'1'.repeat(250_000)}x`,
  `-${'1'.repeat(120_000)}.${'1'.repeat(120_000)}e`,
  `1${' '.repeat(250_000)}x`,
  `{"value":1,"ts":"2024-01-01T00:00:00${' '.repeat(250_000)}x"}`,
  '['.repeat(250_000),
  `{"value":${'['.repeat(120_000)}1${']'.repeat(120_000)}}`,
  `[${'"xxxxxxxxxxxxxxxxxxxxx",'.repeat(9_999)}[]]`,
];

/** Names that MQTT lets through and that are no names of the other kinds of message. */
const name = fc
  .string({ unit: 'binary', maxLength: 40 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: brokers close connections for control characters in topics
  .map((text) => `wild-${text.replaceAll(/[\u0000-\u001f\u007f-\u009f/+#]|\p{Cn}|\p{Cs}/gu, '')}`);

/**
 * @param start time of the first reading, ms; each good series goes on from there in steps of a second
 * @param mutated how many are not good by construction
 * @returns those and a third of their number of good ones: every fourth message
 */
export function mutatedMessages(mutated: number, seed: number, start: number): MutatedMessage[] {
  const count = Math.ceil((mutated * 4) / 3);
  const value = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
  const ts = fc.integer({ min: start, max: start + 1_000_000 });
  const json = fc.record({ value, ts }).map((reading) => JSON.stringify(reading));
  const notNumber = fc.oneof(
    fc.string().map((text) => `x${text}`),
    fc.boolean(),
    fc.array(value),
    fc.constant({}),
  );
  const notTime = fc.oneof(
    fc.constantFrom<unknown>('never', {}, [], true, -1, 1, 32_503_680_000_000, 1e300),
    fc.string().map((text) => `x${text}`),
  );
  const badPayload = fc.oneof(
    // At least one byte: an empty payload says nothing, and is not bad.
    fc.tuple(json, fc.nat()).map(([text, cut]) => Buffer.from(text.slice(0, 1 + (cut % (text.length - 1))))),
    fc.tuple(json, fc.nat()).map(([text, at]) => {
      const bytes = Buffer.from(text);
      const place = at % (bytes.length + 1);
      return Buffer.concat([bytes.subarray(0, place), Buffer.of(0xff), bytes.subarray(place)]);
    }),
    fc
      .tuple(json, fc.constantFrom('}', ']', ',', 'x', '{', '\0x'))
      .map((parts) => Buffer.from(parts.join(''))),
    fc.tuple(notNumber, ts).map(([not, time]) => Buffer.from(JSON.stringify({ value: not, ts: time }))),
    fc.tuple(value, notTime).map(([number, not]) => Buffer.from(JSON.stringify({ value: number, ts: not }))),
    ts.map((time) => Buffer.from(JSON.stringify({ ts: time }))),
  );
  const sensor = fc.nat(SENSORS - 1);
  const bad = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(
        sensor.map((n) => `sensors/bad-${n}/temperature`),
        badPayload,
      ),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(
        fc.constantFrom('sensors//temperature', 'sensors/bad/', `sensors/${'é'.repeat(101)}/temperature`),
        json.map((text) => Buffer.from(text)),
      ),
    },
  );
  const wildPayload = fc.oneof(
    fc
      .tuple(json, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }))
      .map(([text, changes]) => {
        const bytes = Buffer.from(text);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      }),
    fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.constantFrom(...NASTY).map((text) => Buffer.from(text)),
  );
  const wildTopic = fc.oneof(
    sensor.map((n) => `sensors/wild-${n}/temperature`),
    fc.tuple(name, name).map(([first, second]) => `sensors/${first}/${second}`),
  );
  const faulty = fc.sample(
    fc.oneof(
      bad.map(([topic, payload]) => ({ topic, payload, kind: 'bad' as const })),
      fc.tuple(wildTopic, wildPayload).map(([topic, payload]) => ({ topic, payload, kind: 'wild' as const })),
    ),
    { numRuns: count, seed },
  );
  return faulty.map((message, i) => {
    if (i % 4 !== 0) {
      const large = LARGE[(i - 1) / 4];
      if (large === undefined) return message;
      return { topic: `sensors/large-${i}/temperature`, payload: Buffer.from(large), kind: 'bad' as const };
    }
    const n = i / 4;
    const reading = { value: (n * 7919) % 1000, ts: start + Math.floor(n / SENSORS) * 1000 };
    return {
      topic: `sensors/good-${n % SENSORS}/temperature`,
      payload: Buffer.from(JSON.stringify(reading)),
      kind: 'good' as const,
    };
  });
}
