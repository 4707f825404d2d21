-- Removes one dead letter.
--
-- KEYS  1 index  2 content  3 counts
-- ARGV  1 id
-- Returns 1, or 0 where there was no such letter.
local content = redis.call('HGET', KEYS[2], ARGV[1])
if content and redis.call('HGET', KEYS[3], '') then redis.call('HINCRBY', KEYS[3], '', -#content) end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
