-- Reads the samples at given timestamps in the layout `sorted-set`.
--
-- KEYS  1 value
-- ARGV  timestamps
-- Returns the members that were found.
local found = {}
for _, ts in ipairs(ARGV) do
  local member = redis.call('ZRANGEBYSCORE', KEYS[1], ts, ts)[1]
  if member then found[#found + 1] = member end
end
return found
