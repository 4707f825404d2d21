-- Counts the members of a sorted set between two scores.
--
-- KEYS  1 sorted set
-- ARGV  1 from  2 to
-- Returns how many there are. ZCOUNT would be another command to give a user the right to.
local size = redis.call('ZCARD', KEYS[1])

-- Returns how many members have a score below `edge`, which is no score itself.
local function below(edge)
  local low, high = 0, size
  while low < high do
    local middle = math.floor((low + high) / 2)
    local at = redis.call('ZRANGE', KEYS[1], middle, middle, 'WITHSCORES')
    if tonumber(at[2]) < edge then low = middle + 1 else high = middle end
  end
  return low
end

return below(tonumber(ARGV[2]) + 0.5) - below(tonumber(ARGV[1]) - 0.5)
