-- Packs the oldest members of sorted sets into blocks, see blocks.lua. The newest stay members: most late readings fall among
-- them. Redis keeps a sorted set of at most MOST members in a form that is small.
local KEPT_MEMBERS, MOST = 16, 55
-- A set that was never packed is packed bit by bit, because a script holds up the server.
local BLOCKS_AT_ONCE = 16

-- Returns the records of the oldest `count` members as one list of doubles, and the time of the newest of them (text). A member
-- is its time and a number, of an average two, separated by colons.
local function records_of(keys, width, count)
  local list, start = {}, {}
  local ts
  for i, member in ipairs(redis.call('ZRANGE', keys[1], 0, count - 1)) do
    local at, colon = (i - 1) * width, string.find(member, ':', 1, true)
    ts = string.sub(member, 1, colon - 1)
    start[ts] = at
    for k = 2, width do list[at + k] = NONE end
    local second = string.find(member, ':', colon + 1, true)
    list[at + 1], list[at + 2] = tonumber(ts), tonumber(string.sub(member, colon + 1, (second or 0) - 1))
    if second then list[at + 3] = tonumber(string.sub(member, second + 1)) end
  end
  for i = 2, #keys do
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', keys[i], '-inf', ts)) do
      local colon = string.find(member, ':', 1, true)
      local at = start[string.sub(member, 1, colon - 1)]
      if at then list[at + width - #keys + i] = tonumber(string.sub(member, colon + 1)) end
    end
  end
  return list, ts
end

-- Removes the members up to `edge`. A set that has grown beyond the small form is made anew where it fits in again.
local function remove_members(key, edge)
  local before = redis.call('ZCARD', key)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', edge)
  if before <= MOST or redis.call('ZCARD', key) > MOST then return end
  local rest, pairs_of = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES'), {}
  for i = 1, #rest, 2 do
    pairs_of[#pairs_of + 1] = rest[i + 1]
    pairs_of[#pairs_of + 1] = rest[i]
  end
  if #rest == 0 then return end
  redis.call('DEL', key)
  redis.call('ZADD', key, unpack(pairs_of))
end

-- Returns whether anything was packed.
local function pack_members(set, keys)
  local n = redis.call('ZCARD', keys[1])
  if n < MOST then return false end
  local blocks = math.min(math.floor((n - KEPT_MEMBERS) / RECORDS), BLOCKS_AT_ONCE)
  local list, edge = records_of(keys, set.width, blocks * RECORDS)
  local length = RECORDS * set.width
  local format = doubles(length)
  for i = 1, #list, length do
    redis.call('ZADD', set.key, time_text(list[i]), struct.pack(format, unpack(list, i, i + length - 1)))
  end
  for _, key in ipairs(keys) do remove_members(key, edge) end
  return true
end
