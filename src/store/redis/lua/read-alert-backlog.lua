-- Reads what a target has not been told yet, and takes or renews the lease for delivering to it.
--
-- KEYS  1 targets  2 stream  3 lease  4 revisions  5 what the target was told  6 changes that are due  7 changes that are kept
-- ARGV  1 target  2 holder  3 lease, ms  4 most entries
-- Returns {1 if the lease is held, how many wait, how many were trimmed, entries (at least the first), the server's time in ms
-- or '' where the user may not ask, how many changes are due, how many are kept, for each entry: what the newest revision of its alert
-- says ('' if that is not known) and what the target was told of its alert (nil if that is not known)}.
-- A cursor is `<number of the entry> <its id>`. The numbers tell how many entries wait and how many were trimmed.
local field = 'cursor ' .. ARGV[1]
local n, id = string.match(redis.call('HGET', KEYS[1], field) or '0 0-0', '^(%d+) (.*)$')
n = tonumber(n)
local waiting = tonumber(redis.call('HGET', KEYS[1], 'appended') or 0) - n
local limit = tonumber(ARGV[4])
local clock = redis.pcall('TIME')
local now = clock.err and '' or string.format('%.0f', clock[1] * 1000 + math.floor(clock[2] / 1000))
local due, kept = redis.call('HLEN', KEYS[6]), redis.call('HLEN', KEYS[7])
local holder = redis.call('GET', KEYS[3])
local held = not holder or holder == ARGV[2]
if not holder then
  redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[3])
elseif held and (((waiting > 0 or due > 0) and limit > 0) or redis.call('PTTL', KEYS[3]) < ARGV[3] / 2) then
  redis.call('PEXPIRE', KEYS[3], ARGV[3])
end
if waiting <= 0 then return {held and 1 or 0, 0, 0, {}, now, due, kept, {}, {}} end
local entries = redis.call('XRANGE', KEYS[2], '(' .. id, '+', 'COUNT', math.max(limit, 1))
local latest, told = {}, {}
local trimmed = waiting
for i = 1, #entries do
  local fields = entries[i][2]
  for j = 1, #fields, 2 do
    if fields[j] == 'n' and i == 1 then trimmed = tonumber(fields[j + 1]) - n - 1 end
    if fields[j] == 'id' then
      latest[i] = string.match(redis.call('HGET', KEYS[4], fields[j + 1]) or '', '^%d+ (.*)$') or ''
      told[i] = redis.call('HGET', KEYS[5], fields[j + 1])
    end
  end
end
if trimmed > 0 and held then
  redis.call('HSET', KEYS[1], field, string.format('%.0f', n + trimmed) .. ' ' .. id)
end
return {held and 1 or 0, waiting - trimmed, held and trimmed or 0, entries, now, due, kept, latest, told}
