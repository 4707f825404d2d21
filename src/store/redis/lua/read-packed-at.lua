-- Reads the samples at given timestamps from their blocks in the layout `sorted-set`.
--
-- KEYS  1 blocks
-- ARGV  timestamps
-- Returns the samples that were found, as the members that they were.
--@include blocks.lua

local WIDTH = 4
local block, list
local found = {}
for _, ts in ipairs(ARGV) do
  local it = redis.call('ZREVRANGEBYSCORE', KEYS[1], ts, '-inf', 'LIMIT', 0, 1)[1]
  if it and it ~= block then block, list = it, decode(it) end
  local at = it and position(list, WIDTH, tonumber(ts))
  if at and list[at] == tonumber(ts) then found[#found + 1] = string.format('%s:%.17g', ts, list[at + 1]) end
end
return found
