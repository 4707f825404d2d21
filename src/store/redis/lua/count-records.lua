-- Counts the records of blocks between two times.
--
-- KEYS  1 blocks
-- ARGV  1 doubles in a record  2 from  3 to  4 up to how many
-- Returns how many there are, or some more than the fourth argument where there are more.
--@include blocks.lua
local WIDTH, FROM, TO, MOST = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local PAGE = 64

local function count(block)
  if first_time(block) >= FROM and last_time(block, WIDTH) <= TO then return #block / (8 * WIDTH) end
  local list = decode(block)
  return (position(list, WIDTH, TO + 0.5) - position(list, WIDTH, FROM)) / WIDTH
end

local after = ARGV[2]
local first = redis.call('ZREVRANGEBYSCORE', KEYS[1], after, '-inf', 'LIMIT', 0, 1)[1]
local n = first and count(first) or 0
repeat
  local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. after, ARGV[3], 'LIMIT', 0, PAGE)
  for _, block in ipairs(found) do n = n + count(block) end
  if #found > 0 then after = time_text(first_time(found[#found])) end
until #found < PAGE or n > MOST
return n
