/**
 * The commit of one series as one Lua script. Lua does not roll back, so everything that can fail is checked before
 * the first write. What differs between the layouts are the three keys of samples and their rollups: each layout gives
 * Lua that defines `check(head)` and `write(head, update)`.
 */
import { type Script, script } from './script.ts';
import { RECORD_FIELDS, STATE_FORMAT } from './state-hash.ts';

/** @param layout Lua text, see above */
export function commitScript(layout: string): Script {
  return script(`
-- KEYS  1 state  2 value  3 expected  4 score  5 outbox  6 alerts
--       7-14 rollups: avg, min, max, count of 1 min, then of 1 h
-- ARGV  1 expected version ('' for a series that is not there)  2 new version
--       3 '1': write down duplicates that change nothing  4 retention of samples, ms  5 drop samples before, ms
--       6 samples: 'ts value ts value ...'  7 verdicts: 'ts expected score ...', '-' for none
--       8 alert changes  9 snapshots: how many of each follow
--       10 duplicates  11 '1': the state changes  12 state  13 assignments  14 status  15 horizon  16 oldest snapshot
--       17 sensor  18 metric  19 now, ms  20 seasonal ring  21 watch ('' where they have not changed)
--       22... alerts: field, content; snapshots: n, ts, bytes
-- Returns 1 (committed, no alerts to relay), {'committed', pending outbox, changed alerts},
--         {'conflict', the fields of a record} or {'refused', key, why}. Nothing is written unless it is committed.
local STATE, VALUE, EXPECTED, SCORE, OUTBOX, ALERTS = unpack(KEYS, 1, 6)
local NEW_VERSION = ARGV[2]
local RETENTION, DROP_BEFORE = tonumber(ARGV[4]), tonumber(ARGV[5])
local CHANGES, SNAPSHOTS = tonumber(ARGV[8]), tonumber(ARGV[9])
local CHANGE = 22
local SNAPSHOT = CHANGE + 2 * CHANGES
local call = redis.call

-- Hundreds of numbers as one argument each: arguments of their own cost the client a microsecond each.
local function words(text)
  local found = {}
  for word in string.gmatch(text, '%S+') do found[#found + 1] = word end
  return found
end
local samples, verdicts = words(ARGV[6]), words(ARGV[7])
local SAMPLES, VERDICTS = #samples, #verdicts

local function refused(key, why) return {'refused', key, why} end

-- nil when the key does not exist or is of this type, else what to answer
local function wrong(key, kind)
  local is = call('TYPE', key).ok
  if is ~= 'none' and is ~= kind then return refused(key, 'is a ' .. is .. ', not a ' .. kind) end
end

${layout}

-- f format, v version, t and l newest reading, k marks of the snapshots kept, the rest the layout's
local head = redis.pcall('HMGET', STATE, 'f', 'v', 't', 'l', 'k', 'r', 'm', 'o')
if head.err then return wrong(STATE, 'hash') or redis.error_reply(head.err) end
if head[1] and tonumber(head[1]) > ${STATE_FORMAT} then
  return refused(STATE, 'was written by a later version (format ' .. head[1] .. ')')
end
if (head[2] or '') ~= ARGV[1] then return {'conflict', call('HMGET', STATE, ${RECORD_FIELDS.map((field) => `'${field}'`).join(', ')})} end
local waiting = redis.pcall('HLEN', OUTBOX)
if type(waiting) == 'table' then return wrong(OUTBOX, 'hash') or redis.error_reply(waiting.err) end
if CHANGES > 0 then
  local bad = wrong(ALERTS, 'hash')
  if bad then return bad end
end

if SAMPLES == 0 and VERDICTS == 0 and CHANGES == 0 and ARGV[11] == '0' then
  if ARGV[3] == '1' and head[2] then call('HINCRBY', STATE, 'd', ARGV[10]) end
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
write(head, set)
if SAMPLES > 0 then
  local ts, text = samples[SAMPLES - 1], samples[SAMPLES]
  local newer = tonumber(ts) - tonumber(head[3] or -1)
  if newer > 0 or (newer == 0 and tonumber(text) > tonumber(head[4])) then
    set('t', ts)
    set('l', text)
  end
end
if ARGV[11] == '1' then
  set('s', ARGV[12])
  set('a', ARGV[13])
  set('c', ARGV[14])
  set('h', ARGV[15])
  if ARGV[20] ~= '' then set('g', ARGV[20]) end
  if ARGV[21] ~= '' then set('w', ARGV[21]) end
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
    if tonumber(n) < tonumber(ARGV[16]) then
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
