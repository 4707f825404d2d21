-- Drops the records of blocks that are too old.
--
-- KEYS  1 blocks
-- ARGV  1 doubles in a record  2 drop before, ms
-- Returns 1.
--@include blocks.lua
drop_records(KEYS[1], tonumber(ARGV[1]), ARGV[2])
return 1
