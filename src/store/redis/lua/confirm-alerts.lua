-- Moves the cursor of a target, remembers what it was told, and renews the lease of the process that delivers to it.
--
-- KEYS  1 targets  2 lease  3 what the target was told
-- ARGV  1 target  2 holder  3 lease, ms  4 the new cursor  5... for each alert: its id, what the target was told of it
-- Returns 1, or 0 where another process holds the lease.
local holder = redis.call('GET', KEYS[2])
if holder and holder ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3])
for i = 5, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
-- A cursor is `<number of the entry> <its id>`. The numbers tell how many entries wait and how many were trimmed.
local field = 'cursor ' .. ARGV[1]
local n, id = string.match(redis.call('HGET', KEYS[1], field) or '0 0-0', '^(%d+) (.*)$')
n = tonumber(n)
-- Another process may have moved the cursor further.
if tonumber(string.match(ARGV[4], '^%d+')) > n then redis.call('HSET', KEYS[1], field, ARGV[4]) end
return 1
