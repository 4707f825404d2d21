-- Tries whether a commit can write: does what it does to keys of its own, and removes them in the same step.
--
-- KEYS  1 state  2 value  3 expected  4 score  5 outbox  6 alerts
-- ARGV  as for commit-sorted-set.lua, of a series that is not there
-- Returns what that script returns.
local function remove()
  redis.call('DEL', unpack(KEYS))
  for _, rollup in ipairs({'1m', '1h'}) do
    for _, aggregate in ipairs({'avg', 'min', 'max'}) do redis.call('DEL', KEYS[2] .. ':' .. aggregate .. ':' .. rollup) end
  end
end

local function commit()
--@include commit-sorted-set.lua
end

-- A probe that failed halfway has left its keys. Nothing is written before the commit where there are none: after a first
-- write, a server that is out of memory refuses a script nothing any more.
if redis.call('EXISTS', unpack(KEYS)) > 0 then remove() end
local answer = commit()
remove()
return answer
