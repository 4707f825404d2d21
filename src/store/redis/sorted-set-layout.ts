/** Reads of the `sorted-set` layout. lua/commit-sorted-set.lua says what the members look like. */
import type { Sample } from '../../domain/reading.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { ROLLUPS, type RollupRetention, rollupFor } from '../rollup.ts';
import type { Aggregate } from '../store.ts';
import type { Call } from './connection.ts';
import { fieldKey, rollupKey } from './keys.ts';
import { type Layout, merged, type Part, scored, VERDICT_SLACK, wholeBuckets } from './layout.ts';
import { decodeOpenBucket, openBucketField } from './open-bucket.ts';
import { checked, list, type Reply, text } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

/** Samples that are read at once. */
const PAGE = 20_000;

const COMMIT = script('commit-sorted-set');
const PROBE = script('probe-sorted-set');
const RANGE = script('read-range');

const SAMPLES_AT = script('read-samples-at');

export class SortedSetLayout implements Layout {
  readonly name = 'sorted-set';
  readonly commit = COMMIT;
  readonly probe = PROBE;

  constructor(
    private readonly server: Server,
    private readonly rollupRetention: RollupRetention,
  ) {}

  async range(key: string, from: number, to: number, limit?: number): Promise<ScoredSample[]> {
    const keys = (['value', 'expected', 'score'] as const).map((field) => fieldKey(key, field));
    if (limit === undefined) {
      const all: ScoredSample[] = [];
      for (let first = from; ; first = all.at(-1)!.ts + 1) {
        const args = ['EVALSHA', RANGE.sha, '3', ...keys, String(first), String(to), String(PAGE)];
        const [reply] = await this.server.run([{ key: keys[0]!, args, script: RANGE }]);
        const [count, ...texts] = list(reply, `vigia:{${key}}:value|expected|score`);
        const [values, expected, scores] = texts.map(members);
        for (const found of scored(values!, expected!, scores!)) all.push(found);
        if (Number(count) < PAGE) return all;
      }
    }
    const counts = [limit, limit + VERDICT_SLACK, limit + VERDICT_SLACK];
    const calls = keys.map((at, i): Call => {
      const args = ['ZREVRANGEBYSCORE', at, String(to), String(from), 'LIMIT', '0', String(counts[i])];
      return { key: at, args };
    });
    const replies = await this.server.run(calls);
    const [values, expected, scores] = keys.map((at, i) => samples(replies[i], at));
    return scored(values!.reverse(), expected!, scores!);
  }

  async newest(key: string, limit: number): Promise<Sample[]> {
    const at = fieldKey(key, 'value');
    const args = ['ZREVRANGE', at, '0', String(limit - 1)];
    const [reply] = await this.server.run([{ key: at, args }]);
    return samples(reply, at).reverse();
  }

  async oldest(key: string, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    const at = fieldKey(key, 'value');
    const page = ['ZRANGEBYSCORE', at, String(from), String(to), 'LIMIT', '0', String(limit)];
    const [reply] = await this.server.run([{ key: at, args: page }]);
    const values = samples(reply, at);
    if (values.length === 0) return [];
    const verdicts = (['expected', 'score'] as const).map((field): Call => {
      const of = fieldKey(key, field);
      return { key: of, args: ['ZRANGEBYSCORE', of, String(values[0]!.ts), String(values.at(-1)!.ts)] };
    });
    const replies = await this.server.run(verdicts);
    const [expected, scores] = verdicts.map((call, i) => samples(replies[i], call.key));
    return scored(values, expected!, scores!);
  }

  async countBetween(key: string, from: number, to: number, limit: number): Promise<number> {
    const at = fieldKey(key, 'value');
    const [reply] = await this.server.run([{ key: at, args: ['ZCOUNT', at, String(from), String(to)] }]);
    return Math.min(checked(reply, at) as number, limit);
  }

  async samplesAt(key: string, timestamps: readonly number[]): Promise<Sample[]> {
    const at = fieldKey(key, 'value');
    const args = ['EVALSHA', SAMPLES_AT.sha, '1', at, ...timestamps.map(String)];
    const [found] = await this.server.run([{ key: at, args, script: SAMPLES_AT }]);
    return samples(found, at);
  }

  async buckets(key: string, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]> {
    const rollup = rollupFor(width);
    const { first, last } = wholeBuckets(from, to, width);
    if (!rollup) return merged(await this.raw(fieldKey(key, 'value'), first, last), width, agg);
    const state = fieldKey(key, 'state');
    const at = rollupKey(key, agg, rollup.name);
    const field = openBucketField(rollup.name);
    // The open bucket first: one that closes between the two reads is then seen twice, not lost.
    const [open, members] = await this.server.run([
      { key: state, args: ['HGET', state, field] },
      { key: at, args: ['ZRANGEBYSCORE', at, String(first), String(last)] },
    ]);
    const parts = list(members, at).map((member) => closedBucket(text(member), agg));
    if (Buffer.isBuffer(open)) {
      const { ts, n, sum, min, max } = decodeOpenBucket(open);
      const newest = parts.at(-1)?.ts ?? -1;
      if (ts > newest && ts >= first && ts <= last) {
        parts.push({ ts, n, sum, extreme: agg === 'min' ? min : max });
      }
    } else list(open, state);
    return merged(parts, width, agg);
  }

  private async raw(at: string, first: number, last: number): Promise<Part[]> {
    const parts: Part[] = [];
    for (let from = first; ; ) {
      const args = ['ZRANGEBYSCORE', at, String(from), String(last), 'LIMIT', '0', String(PAGE)];
      const [reply] = await this.server.run([{ key: at, args }]);
      const page = samples(reply, at);
      for (const { ts, value } of page) parts.push({ ts, n: 1, sum: value, extreme: value });
      if (page.length < PAGE) return parts;
      from = page.at(-1)!.ts + 1;
    }
  }

  trimming(key: string, before: number, now: number): Call[] {
    const drop = (at: string, edge: number): Call => ({
      key: at,
      args: ['ZREMRANGEBYSCORE', at, '-inf', `(${edge}`],
    });
    const calls =
      before > 0
        ? (['value', 'expected', 'score'] as const).map((field) => drop(fieldKey(key, field), before))
        : [];
    for (const { name } of ROLLUPS) {
      const kept = this.rollupRetention[name];
      for (const agg of ['avg', 'min', 'max'] as const)
        calls.push(drop(rollupKey(key, agg, name), now - kept));
    }
    return calls;
  }
}

function samples(reply: Reply | undefined, key: string): Sample[] {
  return list(reply, key).map((member) => sample(text(member)));
}

function members(reply: Reply): Sample[] {
  const joined = text(reply);
  return joined === '' ? [] : joined.split(' ').map(sample);
}

function sample(member: string): Sample {
  const colon = member.indexOf(':');
  return { ts: Number(member.slice(0, colon)), value: Number(member.slice(colon + 1)) };
}

function closedBucket(member: string, agg: Aggregate): Part {
  const [ts, a, b] = member.split(':').map(Number) as [number, number, number];
  return agg === 'avg' ? { ts, n: a, sum: b, extreme: 0 } : { ts, n: 1, sum: 0, extreme: a };
}
