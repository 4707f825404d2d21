-- Gives a new target a cursor at the end of the stream. A target that has a cursor keeps it.
--
-- KEYS  1 targets  2 stream
-- ARGV  1 target
-- Returns 0.
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local appended = redis.call('HGET', KEYS[1], 'appended') or '0'
redis.call('HSETNX', KEYS[1], 'cursor ' .. ARGV[1], appended .. ' ' .. (last and last[1] or '0-0'))
return 0
