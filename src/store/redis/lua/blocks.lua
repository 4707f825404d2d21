-- Blocks: what is older than the newest members of a sorted set is packed into the members of another one, because a member
-- costs a hundred bytes. A block is up to 78 records in time order, a record some doubles, the first of them its time (ms); the
-- score of a block is the time of its first record. All blocks of a key are older than what is not packed.
-- Samples: time, value, forecast, score (not a number: none). Buckets: start, count, sum, minimum, maximum.

-- 39 records of four doubles fill an allocation of 1,280 bytes.
local RECORDS = 39
local NONE = 0 / 0

local function time_text(ts) return string.format('%.0f', ts) end

local function doubles(n) return '<' .. string.rep('d', n) end

local function first_time(block) return (struct.unpack('<d', block)) end

local function last_time(block, width) return (struct.unpack('<d', block, #block - 8 * width + 1)) end

local function decode(block)
  local list = {struct.unpack(doubles(#block / 8), block)}
  list[#list] = nil
  return list
end

-- Returns the position in `list` of the first record that is not before `ts`; beyond the end where all are.
local function position(list, width, ts)
  local low, high = 0, #list / width
  while low < high do
    local middle = math.floor((low + high) / 2)
    if list[middle * width + 1] < ts then low = middle + 1 else high = middle end
  end
  return low * width + 1
end

-- Returns the blocks that have records of `from` to `to` (text), and perhaps one before them.
local function blocks_between(key, from, to)
  local found = redis.call('ZREVRANGEBYSCORE', key, from, '-inf', 'LIMIT', 0, 1)
  for _, block in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. from, to)) do found[#found + 1] = block end
  return found
end

-- Removes the records before `edge` (text).
local function drop_records(key, width, edge)
  local ts = tonumber(edge)
  for _, block in ipairs(redis.call('ZRANGEBYSCORE', key, '-inf', '(' .. edge)) do
    redis.call('ZREM', key, block)
    if last_time(block, width) >= ts then
      local list = decode(block)
      local at = position(list, width, ts)
      redis.call('ZADD', key, time_text(list[at]), struct.pack(doubles(#list - at + 1), unpack(list, at)))
    end
  end
end
