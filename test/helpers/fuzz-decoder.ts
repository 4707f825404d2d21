/** Decodes mutated messages with every preset and format, and holds the accounts against each other. */
import { Decoder } from '../../src/sources/decoder.ts';
import { PRESETS } from '../../src/sources/presets/presets.ts';
import { compileSources, readPresets, readSources } from '../../src/sources/read-sources.ts';
import { FORMATS } from '../../src/sources/source.ts';
import { mutatedPayloads } from './mutated-payloads.ts';

export interface FuzzReport {
  readonly messages: number;
  readonly readings: number;
  readonly problems: number;
  /** Messages that say nothing. */
  readonly silent: number;
  /** The longest that one message takes, ms. */
  readonly slowest: number;
  /** What must not be: accounts that do not add up, readings that no store could keep. */
  readonly wrong: readonly string[];
}

const LIMITS = { maxReadings: 1000, maxNameBytes: 200, maxDecompressed: 100_000 };

const SLOW_MS = 1;

/** Without counting. @returns ms */
function costOf(decoder: Decoder, topic: string, bytes: Buffer): number {
  const started = performance.now();
  decoder.explain(topic, bytes, { receivedAt: 1_796_019_770_000 });
  return performance.now() - started;
}

function decoders(): Decoder[] {
  const presets = readPresets(Object.keys(PRESETS).join(',')).specs;
  const formats = FORMATS.map(
    (format) => readSources(`- {topic: '#', sensor: all, format: ${format}}`).specs,
  );
  return [presets, ...formats].map((specs) => new Decoder(compileSources(specs), LIMITS));
}

/** @param count messages, each for one of the decoders in turn */
export function fuzz(count: number, seed: number): FuzzReport {
  const all = decoders();
  const wrong: string[] = [];
  const report = { messages: 0, readings: 0, problems: 0, silent: 0, slowest: 0 };
  for (const { topic, bytes } of mutatedPayloads(count, seed)) {
    const decoder = all[report.messages++ % all.length]!;
    const started = performance.now();
    const decoded = decoder.decode(topic, bytes, { receivedAt: 1_796_019_770_000 });
    let took = performance.now() - started;
    // A pause of the machine or of the collector is not the message's.
    for (let again = 0; took > SLOW_MS && again < 4; again++)
      took = Math.min(took, costOf(decoder, topic, bytes));
    report.slowest = Math.max(report.slowest, took);
    if (decoded.length === 0) report.silent++;
    for (const each of decoded) {
      if ('problem' in each) report.problems++;
      else {
        report.readings++;
        const { sensor, metric, value, ts } = each.reading;
        const usable =
          sensor.trim() !== '' && metric.trim() !== '' && Number.isFinite(value) && !Object.is(value, -0);
        const dated = ts === undefined || (Number.isSafeInteger(ts) && ts >= 0);
        if (!usable || !dated)
          wrong.push(`${topic} ${bytes.toString('hex')}: ${JSON.stringify(each.reading)}`);
      }
    }
  }
  const counted = all.flatMap(({ counts }) => counts);
  const sum = (of: 'readings' | 'problems' | 'messages') =>
    counted.reduce((total, count) => total + count[of], 0);
  const unmatched = all.reduce((total, decoder) => total + decoder.unmatched.count, 0);
  if (sum('readings') !== report.readings)
    wrong.push(`${sum('readings')} readings counted, ${report.readings} decoded`);
  // A topic that no source takes may be a problem of its own.
  if (report.problems < sum('problems') || report.problems > sum('problems') + unmatched)
    wrong.push('problems do not add up');
  if (sum('messages') < report.messages - unmatched) wrong.push('messages do not add up');
  return { ...report, wrong };
}
