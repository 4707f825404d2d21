-- The arguments of a commit by name, and what both layouts use to check keys. Included in commit-timeseries.lua and
-- commit-sorted-set.lua, where the header is.
local STATE, VALUE, EXPECTED, SCORE, OUTBOX, ALERTS = unpack(KEYS)
local OLD_VERSION, NEW_VERSION, ALWAYS, RETENTION_TEXT, DROP_BEFORE, CHANGES, SNAPSHOTS, DUPLICATES, CHANGED, STATUS,
  HORIZON, OLDEST_SNAPSHOT, NOW, KEPT_MINUTES, KEPT_HOURS, AHEAD, PACK = string.match(ARGV[1], '^(%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+) (%S+)$')
local RETENTION = tonumber(RETENTION_TEXT)
CHANGES, SNAPSHOTS = tonumber(CHANGES), tonumber(SNAPSHOTS)
local CHANGE = 10
local SNAPSHOT = CHANGE + 2 * CHANGES
local call = redis.call
-- Rollup rules that were gone and were made again.
local restored = 0

-- All numbers of a commit are in one argument, because each argument costs the client a microsecond. The numbers are
-- strings, because they are stored exactly as they came.
local samples, verdicts = cjson.decode(ARGV[2]), cjson.decode(ARGV[3])
local SAMPLES, VERDICTS = #samples, #verdicts

-- Returns the clock of the server, ms; that of the client where the user may not ask.
local function server_time()
  local time = redis.pcall('TIME')
  if time.err then return tonumber(NOW) end
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function refused(key, why) return {'refused', key, why} end

-- Returns nil when the key does not exist or has this type, otherwise what to answer.
local function wrong(key, kind)
  local is = call('TYPE', key).ok
  if is ~= 'none' and is ~= kind then return refused(key, 'is a ' .. is .. ', not a ' .. kind) end
end

-- Returns the same at less cost: `command` answers a number, or an error where the key has another type.
local function unlike(key, kind, command)
  local n = redis.pcall(command, key)
  if type(n) == 'table' then return wrong(key, kind) or redis.error_reply(n.err) end
end
