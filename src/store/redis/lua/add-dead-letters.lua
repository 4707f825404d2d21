-- Adds dead letters. A letter with a known id is counted once more. The oldest letters go first.
--
-- KEYS  1 index  2 content  3 counts; its field '' has the bytes of all contents, as far as this release has written them
-- ARGV  1 how many letters are kept at most  2 how many bytes; then for each letter: id, time, content
-- Returns how many were dropped, or {'refused', key, its type}.
for i, kind in ipairs({'zset', 'hash', 'hash'}) do
  local is = redis.call('TYPE', KEYS[i]).ok
  if is ~= 'none' and is ~= kind then return {'refused', KEYS[i], is} end
end
local added = 0
for i = 3, #ARGV, 3 do
  local id, ts = ARGV[i], ARGV[i + 1]
  local seen = redis.call('HGET', KEYS[3], id)
  if seen then
    local first, count = string.match(seen, '^(%S+) (%d+)$')
    redis.call('HSET', KEYS[3], id, first .. ' ' .. (tonumber(count) + 1))
  else
    redis.call('HSET', KEYS[2], id, ARGV[i + 2])
    redis.call('HSET', KEYS[3], id, ts .. ' 1')
    added = added + #ARGV[i + 2]
  end
  redis.call('ZADD', KEYS[1], ts, id)
end
local known = redis.call('HGET', KEYS[3], '')
local bytes = redis.call('HINCRBY', KEYS[3], '', added)
local most = tonumber(ARGV[2])
local count = redis.call('ZCARD', KEYS[1])
local surplus = math.max(0, count - tonumber(ARGV[1]))
if surplus == 0 and bytes <= most and known then return 0 end
if bytes > most or not known then
  -- A release that does not know the field may have added and removed letters.
  bytes = 0
  for _, id in ipairs(redis.call('HKEYS', KEYS[2])) do bytes = bytes + #redis.call('HGET', KEYS[2], id) end
end
local dropped = 0
while count > 0 and (dropped < surplus or bytes > most) do
  local id = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  bytes = bytes - #(redis.call('HGET', KEYS[2], id) or '')
  redis.call('ZREM', KEYS[1], id)
  redis.call('HDEL', KEYS[2], id)
  redis.call('HDEL', KEYS[3], id)
  count = count - 1
  dropped = dropped + 1
end
redis.call('HSET', KEYS[3], '', bytes)
return dropped
