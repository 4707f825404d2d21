-- Reads the places of the oldest dead letters after a place. Within one time a sorted set has its members in order.
--
-- KEYS  1 index  2 content  3 counts
-- ARGV  1 time  2 id  3 how many
-- Returns id, time, ... in order.
local time, id = tonumber(ARGV[1]), ARGV[2]
local low, high = 0, redis.call('ZCARD', KEYS[1])
while low < high do
  local middle = math.floor((low + high) / 2)
  local at = redis.call('ZRANGE', KEYS[1], middle, middle, 'WITHSCORES')
  local ts = tonumber(at[2])
  if ts < time or (ts == time and at[1] <= id) then low = middle + 1 else high = middle end
end
return redis.call('ZRANGE', KEYS[1], low, low + tonumber(ARGV[3]) - 1, 'WITHSCORES')
