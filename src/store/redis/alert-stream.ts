/**
 * Up to where each target has been told of the stream `vigia:alerts`. Cursor and lease lie in the slot of the stream, so
 * that one script reads and moves them. A failover may take back the latest moves: those changes are delivered again.
 */
import type { Alert } from '../../domain/alert.ts';
import type { AlertStreamStore, Backlog, StreamedAlert } from '../store.ts';
import { ALERT_STREAM, ALERT_TARGETS, alertLeaseKey } from './keys.ts';
import { checked, type Reply, text } from './reply.ts';
import { type Script, script } from './script.ts';
import type { Server } from './server.ts';

// A cursor is `<number of the entry> <its id>`; the numbers tell how many wait and how many were trimmed.
const CURSOR = `
local field = 'cursor ' .. ARGV[1]
local n, id = string.match(redis.call('HGET', KEYS[1], field) or '0 0-0', '^(%d+) (.*)$')
n = tonumber(n)
`;

const ADD = script(`
-- KEYS 1 targets  2 stream   ARGV 1 target
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local appended = redis.call('HGET', KEYS[1], 'appended') or '0'
redis.call('HSETNX', KEYS[1], 'cursor ' .. ARGV[1], appended .. ' ' .. (last and last[1] or '0-0'))
return 0
`);

const BACKLOG = script(`
-- KEYS 1 targets  2 stream  3 lease   ARGV 1 target  2 holder  3 lease, ms  4 most entries
-- Returns {1 if the lease is held, how many wait, how many were trimmed, entries (at least the first)}.
${CURSOR}
local waiting = tonumber(redis.call('HGET', KEYS[1], 'appended') or 0) - n
local limit = tonumber(ARGV[4])
local holder = redis.call('GET', KEYS[3])
local held = not holder or holder == ARGV[2]
if not holder then
  redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
elseif held and ((waiting > 0 and limit > 0) or redis.call('PTTL', KEYS[3]) < ARGV[3] / 2) then
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
if waiting <= 0 then return {held and 1 or 0, 0, 0, {}} end
local entries = redis.call('XRANGE', KEYS[2], '(' .. id, '+', 'COUNT', math.max(limit, 1))
local trimmed = waiting
if entries[1] then
  local fields = entries[1][2]
  for i = 1, #fields, 2 do
    if fields[i] == 'n' then trimmed = tonumber(fields[i + 1]) - n - 1 end
  end
end
if trimmed > 0 and held then
  redis.call('HSET', KEYS[1], field, string.format('%.0f', n + trimmed) .. ' ' .. id)
end
return {held and 1 or 0, waiting - trimmed, held and trimmed or 0, entries}
`);

const CONFIRM = script(`
-- KEYS 1 targets  2 lease   ARGV 1 target  2 holder  3 lease, ms  4 the new cursor
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
${CURSOR}
-- Somebody else may have gone further in between.
if tonumber(string.match(ARGV[4], '^%d+')) > n then redis.call('HSET', KEYS[1], field, ARGV[4]) end
return 1
`);

const RELEASE = script(`
-- KEYS 1 lease   ARGV 1 holder
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
`);

export class AlertStream implements AlertStreamStore {
  constructor(private readonly server: Server) {}

  async addTarget(target: string): Promise<void> {
    await this.call(ADD, [ALERT_TARGETS, ALERT_STREAM], [target]);
  }

  async backlog(target: string, holder: string, leaseMs: number, limit: number): Promise<Backlog> {
    const keys = [ALERT_TARGETS, ALERT_STREAM, alertLeaseKey(target)];
    const reply = await this.call(BACKLOG, keys, [target, holder, String(leaseMs), String(limit)]);
    const [held, pending, lost, entries] = reply as [number, number, number, readonly Reply[]];
    const first = entries[0] as readonly Reply[] | undefined;
    return {
      entries: held === 1 ? entries.slice(0, limit).map(streamed) : null,
      pending,
      oldest: first && pending > 0 ? timeOf(text(first[0])) : null,
      lost,
    };
  }

  async confirm(target: string, holder: string, leaseMs: number, position: string): Promise<boolean> {
    const keys = [ALERT_TARGETS, alertLeaseKey(target)];
    return (await this.call(CONFIRM, keys, [target, holder, String(leaseMs), position])) === 1;
  }

  async release(target: string, holder: string): Promise<void> {
    await this.call(RELEASE, [alertLeaseKey(target)], [holder]);
  }

  private async call(code: Script, keys: readonly string[], args: readonly string[]): Promise<Reply> {
    const all = ['EVALSHA', code.sha, String(keys.length), ...keys, ...args];
    // Not `commit`: a cursor that a crash takes back means that something is told twice, which receivers can tell.
    const [reply] = await this.server.run([{ key: keys[0]!, args: all, script: code }]);
    return checked(reply, keys[0]!);
  }
}

function streamed(entry: Reply): StreamedAlert {
  const [id, fields] = entry as readonly [Reply, readonly Reply[]];
  const named = new Map<string, string>();
  for (let i = 0; i + 1 < fields.length; i += 2) named.set(text(fields[i]), text(fields[i + 1]));
  return {
    position: `${named.get('n') ?? 0} ${text(id)}`,
    at: timeOf(text(id)),
    alert: JSON.parse(named.get('alert')!) as Alert,
    news: named.get('news') !== '0',
  };
}

/** The id of an entry begins with the server's time, ms. */
function timeOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')));
}
