/** Reads of the `sorted-set` layout. lua/commit-sorted-set.lua says what the members look like, lua/blocks.lua what the blocks. */
import type { Sample } from '../../domain/reading.ts';
import type { ScoredSample } from '../../domain/verdict.ts';
import { ROLLUPS, type RollupRetention, rollupFor } from '../rollup.ts';
import type { Aggregate } from '../store.ts';
import type { Call } from './connection.ts';
import { blocksKey, fieldKey, rollupKey } from './keys.ts';
import { type Layout, merged, type Part, scored, VERDICT_SLACK, wholeBuckets } from './layout.ts';
import { decodeOpenBucket, openBucketField } from './open-bucket.ts';
import { checked, list, type Reply, text } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

/** Samples that are read at once. */
const PAGE = 20_000;
/** Doubles in a record of a block. */
const SAMPLE = 4;
const BUCKET = 5;

const COMMIT = script('commit-sorted-set');
const PROBE = script('probe-sorted-set');
const RANGE = script('read-range');
const SAMPLES_AT = script('read-samples-at');
const BLOCKS = script('read-blocks');
const PACKED_AT = script('read-packed-at');
const COUNT = script('count-members');
const COUNT_PACKED = script('count-records');
const DROP = script('drop-records');

/** Members are read before blocks, because a member may become a record of a block in between. */
export class SortedSetLayout implements Layout {
  readonly name = 'sorted-set';
  readonly commit = COMMIT;
  readonly append = null;
  readonly probe = PROBE;

  constructor(
    private readonly server: Server,
    private readonly rollupRetention: RollupRetention,
  ) {}

  async range(key: string, from: number, to: number, limit?: number): Promise<ScoredSample[]> {
    if (limit === undefined) {
      const all: ScoredSample[] = [];
      for (let first = from; ; first = all.at(-1)!.ts + 1) {
        const page = await this.oldest(key, first, to, PAGE);
        for (const sample of page) all.push(sample);
        if (page.length < PAGE) return all;
      }
    }
    const keys = (['value', 'expected', 'score'] as const).map((field) => fieldKey(key, field));
    const counts = [limit, limit + VERDICT_SLACK, limit + VERDICT_SLACK];
    const calls = keys.map((at, i): Call => {
      const args = ['ZREVRANGEBYSCORE', at, String(to), String(from), 'LIMIT', '0', String(counts[i])];
      return { key: at, args };
    });
    const replies = await this.server.run(calls);
    const [values, expected, scores] = keys.map((at, i) => samples(replies[i], at));
    return this.withOlder(key, from, to, limit, scored(values!.reverse(), expected!, scores!));
  }

  async newest(key: string, limit: number): Promise<Sample[]> {
    const at = fieldKey(key, 'value');
    const args = ['ZREVRANGE', at, '0', String(limit - 1)];
    const [reply] = await this.server.run([{ key: at, args }]);
    const newest = scored(samples(reply, at).reverse(), [], []);
    const found = await this.withOlder(key, 0, Number.MAX_SAFE_INTEGER, limit, newest);
    return found.map(({ ts, value }) => ({ ts, value }));
  }

  /** Where there are fewer than `limit` newest members, the samples in blocks before them. */
  private async withOlder(
    key: string,
    from: number,
    to: number,
    limit: number,
    members: ScoredSample[],
  ): Promise<ScoredSample[]> {
    const missing = limit - members.length;
    const edge = members[0]?.ts ?? Number.POSITIVE_INFINITY;
    if (missing <= 0 || edge <= from) return members;
    const at = blocksKey(key);
    const [reply] = await this.server.run([blocksCall(at, SAMPLE, from, to, missing, 'newest')]);
    const older = packedSamples(reply, at, from, to).filter(({ ts }) => ts < edge);
    return [...older.slice(-missing), ...members];
  }

  async oldest(key: string, from: number, to: number, limit: number): Promise<ScoredSample[]> {
    const keys = (['value', 'expected', 'score'] as const).map((field) => fieldKey(key, field));
    const args = ['EVALSHA', RANGE.sha, '3', ...keys, String(from), String(to), String(limit)];
    const at = blocksKey(key);
    const [reply, blocks] = await this.server.run([
      { key: keys[0]!, args, script: RANGE },
      blocksCall(at, SAMPLE, from, to, limit, 'oldest'),
    ]);
    const [, ...texts] = list(reply, `vigia:{${key}}:value|expected|score`);
    const [values, expected, scores] = texts.map(members);
    const found = packedSamples(blocks, at, from, to);
    // Where there are more blocks, the members are not next.
    if (found.length >= limit) return found.slice(0, limit);
    const edge = found.at(-1)?.ts ?? Number.NEGATIVE_INFINITY;
    for (const sample of scored(values!, expected!, scores!)) if (sample.ts > edge) found.push(sample);
    return found.slice(0, limit);
  }

  async countBetween(key: string, from: number, to: number, limit: number): Promise<number> {
    const at = fieldKey(key, 'value');
    const packed = blocksKey(key);
    const span = [String(from), String(to)];
    const ofBlocks = [packed, String(SAMPLE), ...span, String(limit)];
    const replies = await this.server.run([
      { key: at, args: ['EVALSHA', COUNT.sha, '1', at, ...span], script: COUNT },
      { key: packed, args: ['EVALSHA', COUNT_PACKED.sha, '1', ...ofBlocks], script: COUNT_PACKED },
    ]);
    const [members, records] = [at, packed].map((each, i) => checked(replies[i], each) as number);
    return Math.min(members! + records!, limit);
  }

  async samplesAt(key: string, timestamps: readonly number[]): Promise<Sample[]> {
    const read = async (script: typeof SAMPLES_AT, at: string, times: readonly number[]) => {
      const args = ['EVALSHA', script.sha, '1', at, ...times.map(String)];
      const [found] = await this.server.run([{ key: at, args, script }]);
      return samples(found, at);
    };
    const found = await read(SAMPLES_AT, fieldKey(key, 'value'), timestamps);
    const known = new Set(found.map(({ ts }) => ts));
    const missing = timestamps.filter((ts) => !known.has(ts));
    return missing.length === 0 ? found : [...found, ...(await read(PACKED_AT, blocksKey(key), missing))];
  }

  async buckets(key: string, from: number, to: number, width: number, agg: Aggregate): Promise<Sample[]> {
    const rollup = rollupFor(width);
    const { first, last } = wholeBuckets(from, to, width);
    if (!rollup) return merged(await this.raw(key, first, last), width, agg);
    const state = fieldKey(key, 'state');
    const at = rollupKey(key, agg, rollup.name);
    const packed = blocksKey(key, rollup.name);
    const field = openBucketField(rollup.name);
    // The open bucket first: one that closes between two reads is then seen twice, not lost.
    const [open, members, blocks] = await this.server.run([
      { key: state, args: ['HGET', state, field] },
      { key: at, args: ['ZRANGEBYSCORE', at, String(first), String(last)] },
      blocksCall(packed, BUCKET, first, last, Number.MAX_SAFE_INTEGER, 'oldest'),
    ]);
    const parts = packedBuckets(blocks, packed, first, last, agg);
    const add = (part: Part) => {
      if (part.ts > (parts.at(-1)?.ts ?? -1)) parts.push(part);
    };
    for (const member of list(members, at)) add(closedBucket(text(member), agg));
    if (Buffer.isBuffer(open)) {
      const { ts, n, sum, min, max } = decodeOpenBucket(open);
      if (ts >= first && ts <= last) add({ ts, n, sum, extreme: agg === 'min' ? min : max });
    } else list(open, state);
    return merged(parts, width, agg);
  }

  private async raw(key: string, first: number, last: number): Promise<Part[]> {
    const found = await this.range(key, first, last);
    return found.map(({ ts, value }) => ({ ts, n: 1, sum: value, extreme: value }));
  }

  trimming(key: string, before: number, now: number): Call[] {
    const drop = (at: string, edge: number): Call => ({
      key: at,
      args: ['ZREMRANGEBYSCORE', at, '-inf', `(${edge}`],
    });
    const dropPacked = (at: string, width: number, edge: number): Call => ({
      key: at,
      args: ['EVALSHA', DROP.sha, '1', at, String(width), String(Math.max(0, edge))],
      script: DROP,
    });
    const calls =
      before > 0
        ? (['value', 'expected', 'score'] as const).map((field) => drop(fieldKey(key, field), before))
        : [];
    if (before > 0) calls.push(dropPacked(blocksKey(key), SAMPLE, before));
    for (const { name } of ROLLUPS) {
      const edge = now - this.rollupRetention[name];
      for (const agg of ['avg', 'min', 'max'] as const) calls.push(drop(rollupKey(key, agg, name), edge));
      calls.push(dropPacked(blocksKey(key, name), BUCKET, edge));
    }
    return calls;
  }
}

/** @param width doubles in a record  @param wanted records, at least, where there are so many */
function blocksCall(
  at: string,
  width: number,
  from: number,
  to: number,
  wanted: number,
  which: 'oldest' | 'newest',
): Call {
  const asked = [width, Math.max(0, from), to, wanted].map(String);
  return { key: at, args: ['EVALSHA', BLOCKS.sha, '1', at, ...asked, which], script: BLOCKS };
}

/** The doubles of blocks, record by record. @param width doubles in a record */
function* records(
  reply: Reply | undefined,
  key: string,
  width: number,
  from: number,
  to: number,
): Generator<number[]> {
  for (const block of list(reply, key) as readonly Buffer[]) {
    for (let at = 0; at < block.length; at += 8 * width) {
      const ts = block.readDoubleLE(at);
      if (ts >= from && ts <= to)
        yield Array.from({ length: width }, (_, i) => block.readDoubleLE(at + 8 * i));
    }
  }
}

const numberOrNull = (value: number | undefined) => (Number.isNaN(value) ? null : value!);

function packedSamples(reply: Reply | undefined, key: string, from: number, to: number): ScoredSample[] {
  return Array.from(records(reply, key, SAMPLE, from, to), ([ts, value, expected, score]) => ({
    ts: ts!,
    value: value!,
    expected: numberOrNull(expected),
    score: numberOrNull(score),
  }));
}

function packedBuckets(
  reply: Reply | undefined,
  key: string,
  from: number,
  to: number,
  agg: Aggregate,
): Part[] {
  return Array.from(records(reply, key, BUCKET, from, to), ([ts, n, sum, min, max]) => ({
    ts: ts!,
    n: n!,
    sum: sum!,
    extreme: agg === 'min' ? min! : max!,
  }));
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
