/**
 * The commit of one series as one Lua script. Lua does not roll back, so everything that can fail is checked before
 * the first write. What differs between the layouts are the three keys of samples and their rollups: each layout gives
 * Lua that defines `check(head)` and `write(head, update)`.
 */
import { type Script, script } from './script.ts';
import { RECORD_FIELDS, STATE_FORMAT } from './state-hash.ts';

/**
 * @param layout Lua text, see above
 * @param head the layout's own fields of the state, which \`check\` and \`write\` find in head[7] and on
 */
export function commitScript(layout: string, head: readonly string[]): Script {
  return script(`
-- KEYS  1 state  2 value  3 expected  4 score  5 outbox  6 alerts. The rollups' keys are made of the value's, in its slot:
--       as eight more arguments they cost more than all else that is sent, and few commits touch them.
-- ARGV  1 small things, one word each: expected version ('-' for a series that is not there), new version, '1': write down
--         duplicates that change nothing, retention of samples in ms, drop samples before (ms), how many alert changes and
--         snapshots follow, duplicates, '1': the state changes, status, horizon, oldest snapshot, now in ms
--       2 samples: ts, value, ...  3 verdicts: ts, expected, score, ..., '-' for none; both as the strings of a JSON array
--       4 state  5 assignments  6 seasonal ring  7 watch ('' where they have not changed)  8 sensor  9 metric
--       10... alerts: field, content; snapshots: n, ts, bytes
-- Returns 1 (committed, no alerts to relay), {'committed', pending outbox, changed alerts},
--         {'conflict', the fields of a record} or {'refused', key, why}. Nothing is written unless it is committed.
local STATE, VALUE, EXPECTED, SCORE, OUTBOX, ALERTS = unpack(KEYS)
local OLD_VERSION, NEW_VERSION, ALWAYS, RETENTION_TEXT, DROP_BEFORE, CHANGES, SNAPSHOTS, DUPLICATES, CHANGED, STATUS,
  HORIZON, OLDEST_SNAPSHOT, NOW = string.match(ARGV[1], '^${Array(13).fill('(%S+)').join(' ')}$')
local RETENTION = tonumber(RETENTION_TEXT)
CHANGES, SNAPSHOTS = tonumber(CHANGES), tonumber(SNAPSHOTS)
local CHANGE = 10
local SNAPSHOT = CHANGE + 2 * CHANGES
local call = redis.call

-- Hundreds of numbers in one argument: arguments of their own cost the client a microsecond each. As strings, because
-- they are stored as exactly as they came.
local samples, verdicts = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local SAMPLES, VERDICTS = #samples, #verdicts

local function refused(key, why) return {'refused', key, why} end

-- nil when the key does not exist or is of this type, else what to answer
local function wrong(key, kind)
  local is = call('TYPE', key).ok
  if is ~= 'none' and is ~= kind then return refused(key, 'is a ' .. is .. ', not a ' .. kind) end
end

-- The same, and cheaper: a command that answers a number says so with an error.
local function unlike(key, kind, command)
  local n = redis.pcall(command, key)
  if type(n) == 'table' then return wrong(key, kind) or redis.error_reply(n.err) end
end

${layout}

-- f format, v version, t and l newest reading, k marks of the snapshots kept, b '1': something may be in the outbox, the
-- rest the layout's
local head = redis.pcall('HMGET', STATE, ${['f', 'v', 't', 'l', 'k', 'b', ...head].map((field) => `'${field}'`).join(', ')})
if head.err then return wrong(STATE, 'hash') or redis.error_reply(head.err) end
if head[1] and tonumber(head[1]) > ${STATE_FORMAT} then
  return refused(STATE, 'was written by a later version (format ' .. head[1] .. ')')
end
if (head[2] or '-') ~= OLD_VERSION then return {'conflict', call('HMGET', STATE, ${RECORD_FIELDS.map((field) => `'${field}'`).join(', ')})} end
local waiting = 0
if CHANGES > 0 or head[6] == '1' then
  waiting = redis.pcall('HLEN', OUTBOX)
  if type(waiting) == 'table' then return wrong(OUTBOX, 'hash') or redis.error_reply(waiting.err) end
end
if CHANGES > 0 then
  local bad = unlike(ALERTS, 'hash', 'HLEN')
  if bad then return bad end
end

if SAMPLES == 0 and VERDICTS == 0 and CHANGES == 0 and CHANGED == '0' then
  if ALWAYS == '1' and head[2] then call('HINCRBY', STATE, 'd', DUPLICATES) end
  if waiting == 0 then return 1 end
  return {'committed', call('HGETALL', OUTBOX), {}}
end

local bad = check(head)
if bad then return bad end

local update = {'HSET', STATE, 'v', NEW_VERSION}
local function set(field, text)
  update[#update + 1] = field
  update[#update + 1] = text
end
if not head[1] then set('f', '${STATE_FORMAT}') end
if CHANGES > 0 then
  set('b', '1')
elseif head[6] == '1' and waiting == 0 then
  set('b', '0')
end
write(head, set)
if SAMPLES > 0 then
  local ts, text = samples[SAMPLES - 1], samples[SAMPLES]
  local newer = tonumber(ts) - tonumber(head[3] or -1)
  if newer > 0 or (newer == 0 and tonumber(text) > tonumber(head[4])) then
    set('t', ts)
    set('l', text)
  end
end
if CHANGED == '1' then
  set('s', ARGV[4])
  if ARGV[5] ~= '' then set('a', ARGV[5]) end
  set('c', STATUS)
  set('h', HORIZON)
  if ARGV[6] ~= '' then set('g', ARGV[6]) end
  if ARGV[7] ~= '' then set('w', ARGV[7]) end
end
if SNAPSHOTS > 0 then
  local kept, there = {}, {}
  for i = SNAPSHOT, SNAPSHOT + 3 * SNAPSHOTS - 1, 3 do
    local n = ARGV[i]
    set('n' .. n, ARGV[i + 2])
    kept[#kept + 1] = n .. ':' .. ARGV[i + 1]
    there[n] = true
  end
  for n, ts in string.gmatch(head[5] or '', '(%d+):(%d+)') do
    if tonumber(n) < tonumber(OLDEST_SNAPSHOT) then
      call('HDEL', STATE, 'n' .. n)
    elseif not there[n] then
      kept[#kept + 1] = n .. ':' .. ts
    end
  end
  set('k', table.concat(kept, ' '))
end
call(unpack(update))

if CHANGES == 0 and waiting == 0 then return 1 end
local changed = {}
for i = CHANGE, SNAPSHOT - 1, 2 do
  local field = ARGV[i]
  local revision, acknowledged = 1, '0'
  local old = call('HGET', ALERTS, field)
  if old then
    local r, a = string.match(old, '^(%d+) ([01]) ')
    revision, acknowledged = tonumber(r) + 1, a
  end
  local entry = revision .. ' ' .. acknowledged .. ' ' .. ARGV[i + 1]
  call('HSET', ALERTS, field, entry)
  call('HSET', OUTBOX, field .. '/' .. revision, entry)
  changed[#changed + 1] = entry
end
return {'committed', call('HGETALL', OUTBOX), changed}
`);
}
