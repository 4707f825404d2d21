-- Removes all keys of a series in one step.
--
-- KEYS  1 state  2 value  3... the other keys of the series
-- ARGV  none
-- Returns 1 where there was such a series, otherwise 0.
local existed = redis.call('EXISTS', KEYS[1], KEYS[2])
redis.call('DEL', unpack(KEYS))
return existed > 0 and 1 or 0
