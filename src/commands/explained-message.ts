/** What a message would become with these settings: for `vigia decode` and `vigia doctor --topic`. */
import { readFileSync } from 'node:fs';
import { createDecoder } from '../app/decoder.ts';
import type { Problem } from '../domain/decoded.ts';
import { ConfigurationError, InvalidInput } from '../errors.ts';
import { clockProblem } from '../pipeline/guard.ts';
import type { Config } from '../settings/config.ts';
import type { Explanation, MessageContext } from '../sources/decoder.ts';
import { PresetFinder } from '../sources/preset-finder.ts';
import { WIDEST_ROLLUP } from '../store/rollup.ts';

export interface ShownReading {
  readonly sensor: string;
  readonly metric: string;
  readonly value: number;
  /** ms UTC; absent: the time of arrival. */
  readonly ts?: number;
  readonly unit?: string;
}

export interface ExplainedMessage {
  /** null where no source takes the topic. */
  readonly source: string | null;
  readonly format: string | null;
  readonly readings: readonly ShownReading[];
  readonly ignored: Explanation['ignored'];
  readonly problems: readonly Problem[];
  /** Where the time was found: `$.last_seen`. */
  readonly timeField: string | null;
  /** Presets that would make readings of it, where these settings make none. */
  readonly presets: readonly string[];
}

/** Where the bytes of a message are given on the command line. */
export interface GivenBytes {
  readonly payload?: string;
  readonly file?: string;
  readonly hex?: string;
}

/** @throws InvalidInput unless exactly one of the three is given and can be read */
export function givenBytes({ payload, file, hex }: GivenBytes): Uint8Array {
  if ([payload, file, hex].filter((each) => each !== undefined).length !== 1) {
    throw new InvalidInput('payload', 'one of --payload, --file and --hex must be given');
  }
  if (payload !== undefined) return Buffer.from(payload);
  if (file !== undefined) {
    try {
      return readFileSync(file === '-' ? 0 : file);
    } catch (error) {
      throw new ConfigurationError(`--file: ${(error as Error).message}`, { field: 'file' });
    }
  }
  const digits = hex!.replaceAll(/0x|[\s:,]/gi, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) {
    throw new InvalidInput('hex', '--hex: must be two hexadecimal digits for each byte');
  }
  return Buffer.from(digits, 'hex');
}

/** By the code that takes in messages. @param now on the clock of readings, ms UTC */
export function explainMessage(
  config: Config,
  topic: string,
  bytes: Uint8Array,
  now: number,
  publisher: Pick<MessageContext, 'clientId' | 'username'> = {},
): ExplainedMessage {
  const context = { ...publisher, receivedAt: now };
  const explanations = createDecoder(config).explain(topic, bytes, context);
  const readings: ShownReading[] = [];
  const problems: Problem[] = [];
  const guard = {
    maxClockSkew: config.readings.maxClockSkew,
    retention: config.store.retention,
    widestBucket: WIDEST_ROLLUP,
  };
  for (const element of explanations.flatMap(({ decoded }) => decoded)) {
    if ('problem' in element) {
      problems.push(element.problem);
      continue;
    }
    const { reading, unit = config.readings.units[reading.metric] } = element;
    const problem =
      reading.ts === undefined ? null : clockProblem(reading.ts, { earliest: now, latest: now }, guard);
    if (problem) problems.push(problem);
    else readings.push(unit === undefined ? reading : { ...reading, unit });
  }
  const names = explanations.flatMap(({ source }) => source ?? []);
  return {
    source: names.length === 0 ? null : names.join(', '),
    format: explanations.find(({ format }) => format !== null)?.format ?? null,
    readings,
    ignored: explanations.flatMap(({ ignored }) => ignored),
    problems,
    timeField: explanations.find(({ timeField }) => timeField !== null)?.timeField ?? null,
    presets: readings.length > 0 ? [] : new PresetFinder(config.readings).fitting(topic, bytes, context),
  };
}

/** `boiler/temperature = 61.5 °C at the time of its arrival` */
export function readingText({ sensor, metric, value, ts, unit }: ShownReading, name: string): string {
  const when = ts === undefined ? 'the time of its arrival' : new Date(ts).toISOString();
  return `${name || `${sensor}/${metric}`} = ${value}${unit ? ` ${unit}` : ''} at ${when}`;
}
