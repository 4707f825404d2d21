-- Commits one series to sorted sets, for servers without RedisTimeSeries. A member is `<ts>:<value>` with the timestamp as its
-- score. The open bucket of each rollup is in the state (fields p and q, see open-bucket.ts). When a bucket closes, it
-- becomes a member `<start>:<value>`, of an average `<start>:<n>:<sum>`. Older members become blocks, see blocks.lua. All layouts have the same arguments and answers.
--
-- KEYS  1 state  2 value  3 expected  4 score  5 outbox  6 alerts. The keys of the rollups are made from the key of the
--       values, which is in the same slot: eight more arguments would cost more than all the others, and few commits
--       touch the rollups.
-- ARGV  1 short values, separated by blanks: expected version ('-': the series is not there), new version, '1' where
--         duplicates that change nothing are written down, retention of samples (ms), drop samples before (ms), number of
--         alert changes, number of snapshots, number of duplicates, '1' where the state changes, status, horizon, oldest
--         snapshot, now (ms), retention of the minutes (ms), retention of the hours (ms), how far a
--         reading or the client's clock may be ahead of the server's clock (ms), '1' where members are packed into blocks
--       2 samples: ts, value, ...  3 verdicts: ts, expected, score, ...; '-' for none. Both are JSON arrays of strings.
--       4 state  5 assignments  6 seasonal ring  7 watch; '' where these have not changed  8 sensor  9 metric
--       10... alerts: field, content; after them snapshots: n, ts, bytes
-- Returns 1 (committed, no alerts to relay), {'committed', pending outbox, changed alerts},
--         {'conflict', the fields of a record} or {'refused', key, why}. Nothing is written unless the answer is committed.

--@include commit-arguments.lua

--@include blocks.lua
--@include change-blocks.lua
--@include pack-members.lua

local packed = block_set(VALUE .. ':packed', 4)
-- The format of the state of a series that has blocks.
local FORMAT_OF_BLOCKS = '2'
-- Values of one ZADD: Lua's unpack takes some 8,000.
local ZADD = 2 * 3500
-- The open bucket of each rollup is in a field of the state, which the head has in this slot.
local ROLLUPS = {
  {field = 'p', slot = 7, width = 60000, kept = tonumber(KEPT_MINUTES), avg = ':avg:1m', min = ':min:1m', max = ':max:1m',
    packed = block_set(VALUE .. ':1m:packed', 5)},
  {field = 'q', slot = 8, width = 3600000, kept = tonumber(KEPT_HOURS), avg = ':avg:1h', min = ':min:1h', max = ':max:1h',
    packed = block_set(VALUE .. ':1h:packed', 5)},
}
local last

local function read_head() return redis.pcall('HMGET', STATE, 'f', 'v', 't', 'l', 'k', 'b', 'p', 'q') end

local function keys_of(rollup) return {VALUE .. rollup.avg, VALUE .. rollup.min, VALUE .. rollup.max} end

local function start_of(ts, width) return ts - ts % width end

local function check(head)
  last = tonumber(head[3] or -1)
  for _, key in ipairs({VALUE, EXPECTED, SCORE}) do
    local bad = unlike(key, 'zset', 'ZCARD')
    if bad then return bad end
  end
  local bad = find_last(packed)
  if bad then return bad end
  if SAMPLES == 0 then return nil end
  local first, final = tonumber(samples[1]), tonumber(samples[SAMPLES - 1])
  for _, rollup in ipairs(ROLLUPS) do
    local text = head[rollup.slot]
    if text then
      local start, n, sum, low, high, rest = struct.unpack('<ddddd', text)
      local min, max = string.match(text, '^(%S+) (%S+)$', rest)
      rollup.open = {start = start, n = n, sum = sum, low = low, high = high, min = min, max = max}
    end
    if first <= last or start_of(first, rollup.width) ~= start_of(final, rollup.width)
      or (rollup.open and start_of(final, rollup.width) ~= rollup.open.start) then
      for _, key in ipairs(keys_of(rollup)) do
        bad = wrong(key, 'zset')
        if bad then return bad end
      end
      bad = find_last(rollup.packed)
      if bad then return bad end
    end
  end
  return nil
end

-- Adds one value. Values are added in time order, because a sum depends on the order and must not depend on which replica
-- commits.
local function include(bucket, text, value)
  bucket.n = bucket.n + 1
  bucket.sum = bucket.sum + value
  if value < bucket.low then bucket.low, bucket.min = value, text or string.format('%.17g', value) end
  if value > bucket.high then bucket.high, bucket.max = value, text or string.format('%.17g', value) end
end

local function new_bucket(start) return {start = start, n = 0, sum = 0, low = math.huge, high = -math.huge} end

local function put(key, start, text)
  call('ZREMRANGEBYSCORE', key, start, start)
  call('ZADD', key, start, start .. ':' .. text)
end

local function store(rollup, bucket)
  if bucket.start <= rollup.packed.last then
    put_record(rollup.packed, {bucket.start, bucket.n, bucket.sum, bucket.low, bucket.high})
    return
  end
  local start = string.format('%.0f', bucket.start)
  local avg, min, max = unpack(keys_of(rollup))
  put(avg, start, string.format('%d:%.17g', bucket.n, bucket.sum))
  put(min, start, bucket.min)
  put(max, start, bucket.max)
end

local function zadd(key, list)
  for i = 1, #list, ZADD do call('ZADD', key, unpack(list, i, math.min(i + ZADD - 1, #list))) end
end

-- The part of a member after the first colon.
local function value_of(member) return string.match(member, ':(.*)$') end

-- Writes a reading into its block. Returns whether it is new or greater.
local function write_packed(at, value)
  local list, found = find_record(packed, at)
  if found and value <= list[found + 1] then return false end
  put_record(packed, {at, value, found and list[found + 2] or NONE, found and list[found + 3] or NONE})
  return true
end

local function write_values()
  local members, late, appended = {}, {}, {}
  for i = 1, SAMPLES, 2 do
    local ts, text = samples[i], samples[i + 1]
    local at = tonumber(ts)
    local wanted = true
    if at <= packed.last then
      if write_packed(at, tonumber(text)) then late[#late + 1] = at end
      wanted = false
    elseif at <= last then
      local old = call('ZRANGEBYSCORE', VALUE, ts, ts)[1]
      if old then
        wanted = tonumber(text) > tonumber(value_of(old))
        if wanted then call('ZREM', VALUE, old) end
      end
      if wanted then late[#late + 1] = at end
    else
      appended[#appended + 1] = {at, text, tonumber(text)}
    end
    if wanted then
      members[#members + 1] = ts
      members[#members + 1] = ts .. ':' .. text
    end
  end
  save_block(packed)
  zadd(VALUE, members)
  return late, appended
end

-- Computes the bucket that a late reading falls into again from its samples.
local function rebuilt(rollup, start)
  local bucket = new_bucket(start)
  if start <= packed.last then
    for _, block in ipairs(blocks_between(packed.key, time_text(start), '(' .. time_text(start + rollup.width))) do
      local list = decode(block)
      for i = position(list, packed.width, start), #list, packed.width do
        if list[i] >= start + rollup.width then break end
        include(bucket, nil, list[i + 1])
      end
    end
  end
  local from, to = string.format('%.0f', start), string.format('(%.0f', start + rollup.width)
  for _, member in ipairs(call('ZRANGEBYSCORE', VALUE, from, to)) do
    local text = value_of(member)
    include(bucket, text, tonumber(text))
  end
  return bucket
end

local function write_rollup(rollup, late, appended, set)
  local open, closed = rollup.open, false
  for _, sample in ipairs(appended) do
    local start = start_of(sample[1], rollup.width)
    if open and open.start ~= start then
      store(rollup, open)
      open, closed = nil, true
    end
    open = open or new_bucket(start)
    include(open, sample[2], sample[3])
  end
  local done = nil
  for _, at in ipairs(late) do
    local start = start_of(at, rollup.width)
    if start ~= done then
      done = start
      local bucket = rebuilt(rollup, start)
      if open and open.start == start then open = bucket else store(rollup, bucket) end
    end
  end
  save_block(rollup.packed)
  if open then
    set(rollup.field, struct.pack('<ddddd', open.start, open.n, open.sum, open.low, open.high)
      .. open.min .. ' ' .. open.max)
  end
  return closed
end

local function trim()
  if DROP_BEFORE == '0' then return end
  -- DROP_BEFORE is of the client's clock.
  if math.abs(server_time() - tonumber(NOW)) > tonumber(AHEAD) then return end
  for _, key in ipairs({VALUE, EXPECTED, SCORE}) do call('ZREMRANGEBYSCORE', key, '-inf', '(' .. DROP_BEFORE) end
  drop_records(packed.key, packed.width, DROP_BEFORE)
  for _, rollup in ipairs(ROLLUPS) do
    local edge = time_text(math.max(0, tonumber(NOW) - rollup.kept))
    for _, key in ipairs(keys_of(rollup)) do call('ZREMRANGEBYSCORE', key, '-inf', '(' .. edge) end
    drop_records(rollup.packed.key, rollup.packed.width, edge)
  end
end

local function write_verdicts()
  local rewritten = tonumber(verdicts[1]) <= last
  local first = 1
  while first <= VERDICTS and tonumber(verdicts[first]) <= packed.last do
    local list, found = find_record(packed, tonumber(verdicts[first]))
    if found then
      for i = 1, 2 do list[found + 1 + i] = tonumber(verdicts[first + i]) or NONE end
      packed.changed = true
    end
    first = first + 3
  end
  save_block(packed)
  for offset, key in ipairs({EXPECTED, SCORE}) do
    if rewritten then call('ZREMRANGEBYSCORE', key, verdicts[1], '+inf') end
    local members = {}
    for i = first, VERDICTS, 3 do
      local text = verdicts[i + offset]
      if text ~= '-' then
        members[#members + 1] = verdicts[i]
        members[#members + 1] = verdicts[i] .. ':' .. text
      end
    end
    zadd(key, members)
  end
end

local function write(head, set)
  local closed = false
  if SAMPLES > 0 then
    local late, appended = write_values()
    for _, rollup in ipairs(ROLLUPS) do
      if #late + #appended > 0 then closed = write_rollup(rollup, late, appended, set) end
      if closed and PACK == '1' and pack_members(rollup.packed, keys_of(rollup)) then set('f', FORMAT_OF_BLOCKS) end
    end
  end
  if VERDICTS > 0 then write_verdicts() end
  if PACK == '1' and SAMPLES > 0 and pack_members(packed, {VALUE, EXPECTED, SCORE}) then set('f', FORMAT_OF_BLOCKS) end
  -- `closed` is that of the widest rollup: to trim once an hour is often enough.
  if closed then trim() end
end

--@include commit-steps.lua
