-- Adds dead letters. A letter with a known id is counted once more. The oldest letters go first.
--
-- KEYS  1 index  2 content  3 counts
-- ARGV  1 how many letters are kept at most; then for each letter: id, time, content
-- Returns how many were dropped, or {'refused', key, its type}.
for i, kind in ipairs({'zset', 'hash', 'hash'}) do
  local is = redis.call('TYPE', KEYS[i]).ok
  if is ~= 'none' and is ~= kind then return {'refused', KEYS[i], is} end
end
for i = 2, #ARGV, 3 do
  local id, ts = ARGV[i], ARGV[i + 1]
  local seen = redis.call('HGET', KEYS[3], id)
  if seen then
    local first, count = string.match(seen, '^(%S+) (%d+)$')
    redis.call('HSET', KEYS[3], id, first .. ' ' .. (tonumber(count) + 1))
  else
    redis.call('HSET', KEYS[2], id, ARGV[i + 2])
    redis.call('HSET', KEYS[3], id, ts .. ' 1')
  end
  redis.call('ZADD', KEYS[1], ts, id)
end
local surplus = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[1])
if surplus <= 0 then return 0 end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, surplus - 1)) do
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
end
return surplus
