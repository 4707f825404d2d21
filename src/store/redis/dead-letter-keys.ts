/** Dead letters, bounded: the oldest go first. Two letters of one id are one, seen twice. */
import type { DeadLetter, DeadLetterPlace, DeadLetterSummary } from '../../domain/dead-letter.ts';
import type { DeadLetterStore } from '../store.ts';
import type { Argument, Call } from './connection.ts';
import { DEAD_LETTER_CONTENT, DEAD_LETTER_COUNTS, DEAD_LETTERS } from './keys.ts';
import { checked, list, type Reply, text, unusableKey } from './reply.ts';
import { script } from './script.ts';
import type { Server } from './server.ts';

const KEYS = [DEAD_LETTERS, DEAD_LETTER_CONTENT, DEAD_LETTER_COUNTS];
/** Bytes of letters in one call. */
const CALL_BYTES = 1_000_000;

const ADD = script('add-dead-letters');

const REMOVE = script('remove-dead-letter');

const PAGE = script('read-dead-letter-page');

/** Letters in one call of HEADS, which holds up all others while the server reads through their bytes. */
const HEADS_AT_ONCE = 5;

const HEADS = script('read-dead-letter-heads');

export class DeadLetterKeys implements DeadLetterStore {
  constructor(
    private readonly server: Server,
    private readonly max: number,
    private readonly maxBytes: number,
  ) {}

  async add(letters: readonly Omit<DeadLetter, 'count' | 'firstTs'>[]): Promise<number> {
    const calls: Call[] = [];
    let args: Argument[] = [];
    let size = 0;
    const flush = () => {
      if (args.length > 0) calls.push(this.scripted(ADD, String(this.max), String(this.maxBytes), ...args));
      args = [];
      size = 0;
    };
    for (const { id, topic, bytes, reason, detail, lastTs } of letters) {
      const head = Buffer.from(`${JSON.stringify([topic, reason, detail])}\n`);
      args.push(id, String(lastTs), Buffer.concat([head, bytes]));
      size += head.length + bytes.length;
      if (size >= CALL_BYTES) flush();
    }
    flush();
    let dropped = 0;
    for (const reply of await this.server.commit(calls)) dropped += answer(reply) as number;
    return dropped;
  }

  async list(limit: number): Promise<DeadLetterSummary[]> {
    if (limit < 1) return [];
    const args = ['ZREVRANGE', DEAD_LETTERS, '0', String(limit - 1), 'WITHSCORES'];
    const [reply] = await this.server.run([{ key: DEAD_LETTERS, args }]);
    const index = list(reply, DEAD_LETTERS).map(text);
    const ids = index.filter((_, i) => i % 2 === 0);
    if (ids.length === 0) return [];
    const calls = [this.counts(ids)];
    for (let i = 0; i < ids.length; i += HEADS_AT_ONCE)
      calls.push(this.scripted(HEADS, ...ids.slice(i, i + HEADS_AT_ONCE)));
    const [counts, ...parts] = await this.server.run(calls);
    const seen = list(counts, DEAD_LETTER_COUNTS);
    const heads = parts.flatMap((part) => list(part, DEAD_LETTER_CONTENT));
    return ids.flatMap((id, i) => {
      const head = heads[i] as readonly [Buffer, number] | null;
      // It went meanwhile.
      if (head === null || seen[i] === null) return [];
      return [{ id, ...known(head[0], seen[i], index[2 * i + 1]!), size: head[1] }];
    });
  }

  async after(after: DeadLetterPlace | null, limit: number): Promise<DeadLetterPlace[]> {
    const { lastTs, id } = after ?? { lastTs: -1, id: '' };
    const [reply] = await this.server.run([this.scripted(PAGE, String(lastTs), id, String(limit))]);
    const page = list(reply, DEAD_LETTERS).map(text);
    return page.flatMap((id, i) => (i % 2 === 0 ? [{ id, lastTs: Number(page[i + 1]) }] : []));
  }

  async get(id: string): Promise<DeadLetter | null> {
    const [score, counts, contents] = await this.server.run([
      { key: DEAD_LETTERS, args: ['ZSCORE', DEAD_LETTERS, id] },
      this.counts([id]),
      { key: DEAD_LETTERS, args: ['HGET', DEAD_LETTER_CONTENT, id] },
    ]);
    const ts = checked(score, DEAD_LETTERS);
    const [seen] = list(counts, DEAD_LETTER_COUNTS);
    const content = checked(contents, DEAD_LETTER_CONTENT);
    if (ts === null || seen === null || !Buffer.isBuffer(content)) return null;
    const end = content.indexOf(0x0a);
    return { id, ...known(content.subarray(0, end), seen, text(ts)), bytes: content.subarray(end + 1) };
  }

  async remove(id: string): Promise<boolean> {
    const [reply] = await this.server.commit([this.scripted(REMOVE, id)]);
    return answer(reply) === 1;
  }

  async count(): Promise<number> {
    const [reply] = await this.server.run([{ key: DEAD_LETTERS, args: ['ZCARD', DEAD_LETTERS] }]);
    return checked(reply, DEAD_LETTERS) as number;
  }

  private scripted(what: typeof ADD, ...args: readonly Argument[]): Call {
    return {
      key: DEAD_LETTERS,
      args: ['EVALSHA', what.sha, String(KEYS.length), ...KEYS, ...args],
      script: what,
    };
  }

  private counts(ids: readonly string[]): Call {
    return { key: DEAD_LETTERS, args: ['HMGET', DEAD_LETTER_COUNTS, ...ids] };
  }
}

function known(head: Buffer, seen: Reply | undefined, ts: string) {
  const [topic, reason, detail] = JSON.parse(head.toString()) as [string, string, string];
  const [firstTs, count] = text(seen).split(' ').map(Number) as [number, number];
  return { topic, reason, detail, firstTs, lastTs: Number(ts), count };
}

function answer(reply: Reply | undefined): Reply {
  const value = checked(reply, DEAD_LETTERS);
  if (Array.isArray(value)) throw unusableKey(text(value[1]), `is a ${text(value[2])}`);
  return value;
}
