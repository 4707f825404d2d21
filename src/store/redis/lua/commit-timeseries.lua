-- Commits one series to keys of RedisTimeSeries: rollups are compaction rules of the server. One TS.MADD takes values
-- and verdicts together, and the duplicate policies of the keys (MAX for values, LAST for verdicts) decide about
-- replacements. All layouts have the same arguments and answers.
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
-- Returns 1 (committed, no alerts to relay), {'committed', pending outbox, changed alerts, rollup rules made again},
--         {'conflict', the fields of a record} or {'refused', key, why}. Nothing is written unless the answer is committed.

--@include commit-arguments.lua

-- Samples per chunk. A larger chunk costs a short series more memory; an upsert rewrites a whole chunk.
local SAMPLE_CHUNK, ROLLUP_CHUNK = 1024, 256
-- Arguments of one TS.MADD: Lua's unpack takes some 8,000 values.
local MADD = 3 * 2400
-- The width of the finest rollup, ms.
local FINEST = 60000
-- Buckets of one rollup that are computed again at most.
local FILL = 20000

-- The retention of the rollups, as the state remembers it.
local KEPT = KEPT_MINUTES .. ' ' .. KEPT_HOURS

-- The rollups: key, aggregate, width, retention, field. This table is built only where a bucket closes, because tables
-- take a large part of a script's time.
local function rules()
  local list = {}
  for _, rollup in ipairs({{'1m', 60000, KEPT_MINUTES}, {'1h', 3600000, KEPT_HOURS}}) do
    for _, aggregate in ipairs({'avg', 'min', 'max', 'count'}) do
      local suffix = ':' .. aggregate .. ':' .. rollup[1]
      list[#list + 1] = {VALUE .. suffix, aggregate, rollup[2], rollup[3], 'value' .. suffix}
    end
  end
  return list
end

local function read_head() return redis.pcall('HMGET', STATE, 'f', 'v', 't', 'l', 'k', 'b', 'r', 'u') end

local TYPE = 'TSDB-TYPE'
local no_value, no_expected, no_score = false, false, false
local no_rollup = nil
-- Keys of rollups that this commit makes for readings that are there already.
local created = {}
local last = -1

-- Returns whether there is no such key, and what to answer when the key has another type.
local function missing(key)
  local kind = call('TYPE', key).ok
  if kind == TYPE then return false end
  if kind == 'none' then return true end
  return false, refused(key, 'is a ' .. kind .. ', not a ' .. TYPE)
end

local function check(head)
  if SAMPLES + VERDICTS == 0 then return nil end
  local bad
  no_value, bad = missing(VALUE)
  if bad then return bad end
  -- TS.GET looks up every rollup, so it is called only where the state does not know the newest reading.
  last = tonumber(head[3] or -1)
  if last < 0 and not no_value then last = tonumber(call('TS.GET', VALUE)[1] or -1) end
  no_expected, bad = missing(EXPECTED)
  if bad then return bad end
  no_score, bad = missing(SCORE)
  if bad then return bad end
  -- The rules are part of the key of the values. They write nothing within the open bucket of the finest rollup, so their
  -- keys are checked only where that bucket closes.
  local ruled = no_value
  if SAMPLES > 0 then
    local first, final = tonumber(samples[1]), tonumber(samples[SAMPLES - 1])
    if RETENTION > 0 and first < math.max(last, final) - RETENTION then
      return refused(VALUE, 'takes no reading of ' .. samples[1] .. ': older than its retention')
    end
    ruled = ruled or head[8] ~= KEPT or first <= last or math.floor(final / FINEST) ~= math.floor(last / FINEST)
  end
  if ruled then
    no_rollup = {}
    for _, rule in ipairs(rules()) do
      local absent
      absent, bad = missing(rule[1])
      if bad then return bad end
      if absent then no_rollup[#no_rollup + 1] = rule end
    end
  end
  return nil
end

local function create(key, field, policy, retention, chunk)
  call('TS.CREATE', key, 'RETENTION', retention, 'CHUNK_SIZE', chunk, 'DUPLICATE_POLICY', policy,
    'LABELS', 'sensor', ARGV[8], 'metric', ARGV[9], 'field', field)
end

local args = {'TS.MADD'}
local function flush()
  if #args == 1 then return end
  for _, reply in ipairs(call(unpack(args))) do
    if type(reply) == 'table' and reply.err then error(reply.err) end
  end
  args = {'TS.MADD'}
end
local function add(key, ts, text)
  local n = #args
  args[n + 1], args[n + 2], args[n + 3] = key, ts, text
  if n >= MADD then flush() end
end

local function text_of(value) return type(value) == 'table' and value.ok or value end

-- A server that moves a slot, or restores a key, drops the rules without a word, and a rule that is made again knows nothing of
-- the readings before it. So the rollups that the new readings have closed must be there. Where one is not, its rule is made
-- again, and the rollups since the last one are computed from the readings.
local function restore_rules(final, text)
  if last < 0 or math.floor(final / FINEST) == math.floor(last / FINEST) then return end
  for _, rule in ipairs(rules()) do
    local key, aggregate, width = rule[1], rule[2], rule[3]
    local closed, open = last - last % width, final - final % width
    local newest = closed
    if created[key] then newest = -1 elseif open > closed then newest = tonumber(call('TS.GET', key)[1] or -1) end
    if newest < closed then
      redis.pcall('TS.CREATERULE', VALUE, key, 'AGGREGATION', aggregate, width)
      local from = math.max(newest < 0 and 0 or newest + width, open - FILL * width)
      local found = call('TS.RANGE', VALUE, string.format('%.0f', from), string.format('%.0f', open - 1),
        'AGGREGATION', aggregate, width)
      for _, bucket in ipairs(found) do add(key, bucket[1], text_of(bucket[2])) end
      restored = restored + 1
    end
  end
  if restored == 0 then return end
  -- Other rules may be gone whose bucket is still open.
  for _, rule in ipairs(rules()) do redis.pcall('TS.CREATERULE', VALUE, rule[1], 'AGGREGATION', rule[2], rule[3]) end
  -- To write a reading again makes the server compute the open buckets from all of their readings.
  add(VALUE, string.format('%.0f', final), text)
  flush()
end

local function write(head, set)
  if SAMPLES + VERDICTS == 0 then return end
  if no_value then create(VALUE, 'value', 'MAX', RETENTION_TEXT, SAMPLE_CHUNK) end
  if no_expected then create(EXPECTED, 'expected', 'LAST', RETENTION_TEXT, SAMPLE_CHUNK) end
  if no_score then create(SCORE, 'score', 'LAST', RETENTION_TEXT, SAMPLE_CHUNK) end
  if no_rollup then
    for _, rule in ipairs(no_rollup) do
      create(rule[1], rule[5], 'LAST', rule[4], ROLLUP_CHUNK)
      created[rule[1]] = not no_value
    end
    if no_value then no_rollup = rules() end
    for _, rule in ipairs(no_rollup) do call('TS.CREATERULE', VALUE, rule[1], 'AGGREGATION', rule[2], rule[3]) end
  end
  if head[7] ~= RETENTION_TEXT then
    for _, key in ipairs({VALUE, EXPECTED, SCORE}) do call('TS.ALTER', key, 'RETENTION', RETENTION_TEXT) end
    set('r', RETENTION_TEXT)
  end
  if no_rollup and head[8] ~= KEPT then
    for _, rule in ipairs(no_value and {} or rules()) do call('TS.ALTER', rule[1], 'RETENTION', rule[4]) end
    set('u', KEPT)
  end
  -- Rewritten verdicts reach up to the newest reading. To delete and append them is many times cheaper than to replace
  -- each inside a compressed chunk.
  if VERDICTS > 0 and tonumber(verdicts[1]) <= last then
    for _, key in ipairs({EXPECTED, SCORE}) do call('TS.DEL', key, verdicts[1], string.format('%.0f', last)) end
  end
  for i = 1, SAMPLES, 2 do add(VALUE, samples[i], samples[i + 1]) end
  local floor = -1
  if RETENTION > 0 then
    floor = last - RETENTION
    if SAMPLES > 0 then floor = math.max(floor, tonumber(samples[SAMPLES - 1]) - RETENTION) end
  end
  for i = 1, VERDICTS, 3 do
    local ts, expected, score = verdicts[i], verdicts[i + 1], verdicts[i + 2]
    if tonumber(ts) >= floor then
      if expected ~= '-' then add(EXPECTED, ts, expected) end
      if score ~= '-' then add(SCORE, ts, score) end
    end
  end
  flush()
  if SAMPLES > 0 then restore_rules(tonumber(samples[SAMPLES - 1]), samples[SAMPLES]) end
end

--@include commit-steps.lua
