-- Changes blocks, see blocks.lua. One block of a key is open at a time; save_block writes it.

-- The blocks of a key with `width` doubles in a record. `last` is the time of the newest record, see find_last.
local function block_set(key, width) return {key = key, width = width, last = -1} end

-- Returns what to answer where the key has another type.
local function find_last(set)
  local newest = redis.pcall('ZREVRANGE', set.key, 0, 0)
  if newest.err then return wrong(set.key, 'zset') or redis.error_reply(newest.err) end
  if newest[1] then set.last = last_time(newest[1], set.width) end
end

local function save_block(set)
  local list, width = set.list, set.width
  set.list = nil
  if not list or not set.changed then return end
  redis.call('ZREM', set.key, set.member)
  local records = #list / width
  local each = math.ceil(records / math.ceil(records / (2 * RECORDS))) * width
  for i = 1, #list, each do
    local to = math.min(i + each - 1, #list)
    redis.call('ZADD', set.key, time_text(list[i]), struct.pack(doubles(to - i + 1), unpack(list, i, to)))
  end
end

-- Opens the block that `ts` falls into; before all blocks it is the first.
local function open_block(set, ts)
  if set.list and ts >= set.from and ts < set.to then return end
  save_block(set)
  local block = redis.call('ZREVRANGEBYSCORE', set.key, time_text(ts), '-inf', 'LIMIT', 0, 1)[1]
  set.from = block and first_time(block) or -math.huge
  block = block or redis.call('ZRANGE', set.key, 0, 0)[1]
  local after = redis.call('ZRANGEBYSCORE', set.key, '(' .. time_text(first_time(block)), '+inf', 'LIMIT', 0, 1)[1]
  set.to = after and first_time(after) or math.huge
  set.member, set.list, set.changed = block, decode(block), false
end

-- Returns the open block's list and where the record of `ts` begins in it, nil where there is none.
local function find_record(set, ts)
  open_block(set, ts)
  local at = position(set.list, set.width, ts)
  return set.list, set.list[at] == ts and at or nil
end

-- Writes a record, in the place of one of the same time.
local function put_record(set, record)
  local list, at = find_record(set, record[1])
  local width = set.width
  if not at then
    if #list >= 2 * RECORDS * width then
      save_block(set)
      open_block(set, record[1])
      list = set.list
    end
    at = position(list, width, record[1])
    for i = #list, at, -1 do list[i + width] = list[i] end
  end
  for i = 1, width do list[at + i - 1] = record[i] end
  set.changed = true
end
