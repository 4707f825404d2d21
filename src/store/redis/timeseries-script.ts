/**
 * The part of the commit that writes RedisTimeSeries keys. Rollups are compaction rules of the server. One TS.MADD takes
 * values and verdicts together: the policies of the keys (MAX for values, LAST for verdicts) decide about replacements.
 */
import { ROLLUPS } from '../rollup.ts';
import { commitScript } from './commit-script.ts';
import { ROLLUP_AGGREGATES, rollupSuffix } from './keys.ts';

/** Samples per chunk trade memory of short series against speed; an upsert rewrites one chunk. */
const SAMPLE_CHUNK = 1024;
const ROLLUP_CHUNK = 256;
/** Triplets of one TS.MADD: Lua's unpack takes some 8,000 values. */
const MADD = 2400;

const RULES = ROLLUPS.flatMap(({ name, width, kept }) =>
  ROLLUP_AGGREGATES.map((aggregate) => {
    const suffix = rollupSuffix(aggregate, name);
    return `{VALUE .. '${suffix}', '${aggregate}', ${width}, '${kept}', 'value${suffix}'}`;
  }),
);

export const TIMESERIES_COMMIT = commitScript(
  `
-- Built only where a bucket closes: tables cost a script its time.
local function rules() return {${RULES.join(', ')}} end
local FINEST = ${ROLLUPS[0].width}
local TYPE = 'TSDB-TYPE'
local no_value, no_expected, no_score = false, false, false
local no_rollup = nil
local last = -1

-- Whether there is no such key; as second value what to answer when it is of another type.
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
  -- TS.GET looks every rollup up; it is asked only where the state does not say.
  last = tonumber(head[3] or -1)
  if last < 0 and not no_value then last = tonumber(call('TS.GET', VALUE)[1] or -1) end
  no_expected, bad = missing(EXPECTED)
  if bad then return bad end
  no_score, bad = missing(SCORE)
  if bad then return bad end
  -- The rules go with the key of the values. Within the open bucket of the finest rollup none of them writes anything.
  local ruled = no_value
  if SAMPLES > 0 then
    local first, final = tonumber(samples[1]), tonumber(samples[SAMPLES - 1])
    if RETENTION > 0 and first < math.max(last, final) - RETENTION then
      return refused(VALUE, 'takes no reading of ' .. samples[1] .. ': older than its retention')
    end
    ruled = ruled or first <= last or math.floor(final / FINEST) ~= math.floor(last / FINEST)
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
  if n >= 3 * ${MADD} then flush() end
end

local function write(head, set)
  if SAMPLES + VERDICTS == 0 then return end
  if no_value then create(VALUE, 'value', 'MAX', RETENTION_TEXT, ${SAMPLE_CHUNK}) end
  if no_expected then create(EXPECTED, 'expected', 'LAST', RETENTION_TEXT, ${SAMPLE_CHUNK}) end
  if no_score then create(SCORE, 'score', 'LAST', RETENTION_TEXT, ${SAMPLE_CHUNK}) end
  if no_rollup then
    for _, rule in ipairs(no_rollup) do create(rule[1], rule[5], 'LAST', rule[4], ${ROLLUP_CHUNK}) end
    if no_value then no_rollup = rules() end
    for _, rule in ipairs(no_rollup) do call('TS.CREATERULE', VALUE, rule[1], 'AGGREGATION', rule[2], rule[3]) end
  end
  if head[7] ~= RETENTION_TEXT then
    for _, key in ipairs({VALUE, EXPECTED, SCORE}) do call('TS.ALTER', key, 'RETENTION', RETENTION_TEXT) end
    set('r', RETENTION_TEXT)
  end
  -- Rewritten verdicts reach to the newest reading: taking them away and appending is many times cheaper than
  -- replacing each inside a compressed chunk.
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
end
`,
  ['r'],
);
