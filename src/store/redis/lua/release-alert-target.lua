-- Ends the lease of a process for a target.
--
-- KEYS  1 lease
-- ARGV  1 holder
-- Returns 0.
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 0
