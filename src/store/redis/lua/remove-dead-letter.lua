-- Removes one dead letter.
--
-- KEYS  1 index  2 content  3 counts
-- ARGV  1 id
-- Returns 1, or 0 where there was no such letter.
local bytes = redis.call('HSTRLEN', KEYS[2], ARGV[1])
if bytes > 0 and redis.call('HEXISTS', KEYS[3], '') == 1 then redis.call('HINCRBY', KEYS[3], '', -bytes) end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
