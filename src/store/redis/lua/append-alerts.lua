-- Appends alert changes to the stream and to the index. A change that is in the stream already is not appended again.
--
-- KEYS  1 stream  2 index  3 revisions  4 targets
-- ARGV  for each alert change: id, time of the reading, revision, what a receiver hears of, JSON
-- Returns how many were new, or {'refused', key, its type}.
for i, kind in ipairs({'stream', 'zset', 'hash', 'hash'}) do
  local is = redis.call('TYPE', KEYS[i]).ok
  if is ~= 'none' and is ~= kind then return {'refused', KEYS[i], is} end
end
local new = 0
for i = 1, #ARGV, 5 do
  local id, ts, revision, heard = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local last, before = string.match(redis.call('HGET', KEYS[3], id) or '0', '^(%d+) ?(.*)$')
  if tonumber(revision) > tonumber(last) then
    local n = redis.call('HINCRBY', KEYS[4], 'appended', 1)
    redis.call('XADD', KEYS[1], '*', 'id', id, 'revision', revision, 'alert', ARGV[i + 4],
      'n', n, 'news', heard == before and '0' or '1')
    redis.call('HSET', KEYS[3], id, revision .. ' ' .. heard)
    new = new + 1
  end
  redis.call('ZADD', KEYS[2], ts, id)
end
return new
