/** Reads of the `timeseries` layout. */
import type { Sample } from '../../domain/reading.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { rollupFor } from '../rollup.ts';
import type { Aggregate } from '../store.ts';
import type { Argument, Call } from './connection.ts';
import { fieldKey, type RollupAggregate, rollupKey } from './keys.ts';
import { type Layout, merged, type Part, scored, VERDICT_SLACK, wholeBuckets } from './layout.ts';
import { list, type Reply, text } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

/** Timestamps that one TS.RANGE may filter by. */
const FILTER_MAX = 128;
/** The server reads through everything between two timestamps of one filter; beyond this gap (ms) a new one begins. */
const FILTER_GAP = 600_000;

/** The width of a bucket that every time lies in, ms. */
const ALL_TIME = 2 ** 52;

const COMMIT = script('commit-timeseries');
const APPEND = script('append-timeseries');
const PROBE = script('probe-timeseries');

export class TimeseriesLayout implements Layout {
  readonly name = 'timeseries';
  readonly commit = COMMIT;
  readonly append = APPEND;
  readonly probe = PROBE;

  constructor(private readonly server: Server) {}

  async range(key: string, from: number, to: number, limit?: number): Promise<ScoredSample[]> {
    const span = [String(Math.max(0, from)), String(to)];
    const read = (field: 'value' | 'expected' | 'score', count?: number) => {
      const at = fieldKey(key, field);
      return count === undefined
        ? call(at, 'TS.RANGE', at, ...span)
        : call(at, 'TS.REVRANGE', at, ...span, 'COUNT', String(count));
    };
    const verdicts = limit === undefined ? undefined : limit + VERDICT_SLACK;
    const fields = [read('value', limit), read('expected', verdicts), read('score', verdicts)];
    const replies = await this.server.run(fields);
    const [values, expected, scores] = fields.map(({ key }, i) => samples(replies[i], key));
    if (limit !== undefined) values!.reverse();
    return scored(values!, expected!, scores!);
  }

  async newest(key: string, limit: number): Promise<Sample[]> {
    const at = fieldKey(key, 'value');
    const [reply] = await this.server.run([call(at, 'TS.REVRANGE', at, '-', '+', 'COUNT', String(limit))]);
    return samples(reply, at).reverse();
  }

  async oldest(key: string, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    const at = fieldKey(key, 'value');
    const page = ['TS.RANGE', at, String(Math.max(0, from)), String(to), 'COUNT', String(limit)];
    const [reply] = await this.server.run([{ key: at, args: page }]);
    const values = samples(reply, at);
    if (values.length === 0) return [];
    const verdicts = (['expected', 'score'] as const).map((field) => {
      const of = fieldKey(key, field);
      return call(of, 'TS.RANGE', of, String(values[0]!.ts), String(values.at(-1)!.ts));
    });
    const replies = await this.server.run(verdicts);
    const [expected, scores] = verdicts.map((each, i) => samples(replies[i], each.key));
    return scored(values, expected!, scores!);
  }

  async countBetween(key: string, from: number, to: number, limit: number): Promise<number> {
    const at = fieldKey(key, 'value');
    const span = [String(Math.max(0, from)), String(to)];
    const [reply] = await this.server.run([
      call(at, 'TS.RANGE', at, ...span, 'AGGREGATION', 'count', String(ALL_TIME)),
    ]);
    const counted = samples(reply, at).reduce((sum, { value }) => sum + value, 0);
    return Math.min(counted, limit);
  }

  async samplesAt(key: string, timestamps: readonly number[]): Promise<Sample[]> {
    const at = fieldKey(key, 'value');
    const calls = groups(timestamps).map((group) => {
      const times = group.map(String);
      return call(at, 'TS.RANGE', at, times[0]!, times.at(-1)!, 'FILTER_BY_TS', ...times);
    });
    return (await this.server.run(calls)).flatMap((reply) => samples(reply, at));
  }

  async buckets(key: string, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]> {
    const rollup = rollupFor(width);
    const { first, last } = wholeBuckets(from, to, width);
    const span = [String(first), String(last)];
    const wider = ['AGGREGATION', agg, String(width)];
    const read = async (...calls: Call[]) => {
      const replies = await this.server.run(calls);
      return calls.map(({ key }, i) => samples(replies[i], key));
    };
    if (!rollup) {
      const at = fieldKey(key, 'value');
      return (await read(call(at, 'TS.RANGE', at, ...span, ...wider)))[0]!;
    }
    const ofRollup = (aggregate: RollupAggregate, ...rest: string[]) => {
      const at = rollupKey(key, aggregate, rollup.name);
      return call(at, 'TS.RANGE', at, ...span, 'LATEST', ...rest);
    };
    if (width === rollup.width) return (await read(ofRollup(agg)))[0]!;
    if (agg !== 'avg') return (await read(ofRollup(agg, ...wider)))[0]!;
    const [averages, counts] = await read(ofRollup('avg'), ofRollup('count'));
    const countAt = new Map(counts!.map(({ ts, value }) => [ts, value]));
    const parts = averages!.map(({ ts, value }): Part => {
      const n = countAt.get(ts) ?? 1;
      return { ts, n, sum: value * n, extreme: value };
    });
    return merged(parts, width, agg);
  }

  /** The server drops samples and rollups by the retention of their keys. */
  trimming(): Call[] {
    return [];
  }
}

function call(key: string, ...args: Argument[]): Call {
  return { key, args };
}

function samples(reply: Reply | undefined, key: string): Sample[] {
  if (reply instanceof Error && reply.message.includes('the key does not exist')) return [];
  return (list(reply, key) as readonly (readonly Reply[])[]).map(([ts, value]) => ({
    ts: Number(ts),
    value: Number(text(value)),
  }));
}

/** Ascending, each group small and dense enough for one filtered read. */
function groups(timestamps: readonly number[]): number[][] {
  const groups: number[][] = [];
  for (const ts of [...new Set(timestamps)].sort((a, b) => a - b)) {
    const group = groups.at(-1);
    if (group && group.length < FILTER_MAX && ts - group.at(-1)! <= FILTER_GAP) group.push(ts);
    else groups.push([ts]);
  }
  return groups;
}
