-- Reads a page of samples in the layout `sorted-set`.
--
-- KEYS  1 value  2 expected  3 score
-- ARGV  1 from  2 to  3 how many values at most
-- Returns {number of values, values, expected, scores}. Each of the last three is one text with the members up to the last
-- value, because a reply for each member would cost the client more than to read it.
local page = tonumber(ARGV[3])
local values = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, page)
local to = #values < page and ARGV[2] or string.match(values[#values], '^[^:]*')
local found = {#values, table.concat(values, ' ')}
for i = 2, 3 do
  found[i + 1] = table.concat(redis.call('ZRANGEBYSCORE', KEYS[i], ARGV[1], to), ' ')
end
return found
