-- Reads what a target has not been told yet, and takes or renews the lease for delivering to it.
--
-- KEYS  1 targets  2 stream  3 lease
-- ARGV  1 target  2 holder  3 lease, ms  4 most entries
-- Returns {1 if the lease is held, how many wait, how many were trimmed, entries (at least the first)}.
-- A cursor is `<number of the entry> <its id>`. The numbers tell how many entries wait and how many were trimmed.
local field = 'cursor ' .. ARGV[1]
local n, id = string.match(redis.call('HGET', KEYS[1], field) or '0 0-0', '^(%d+) (.*)$')
n = tonumber(n)
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
