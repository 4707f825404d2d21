-- Commits what most commits are: one reading that is newer than all others of its series, within the open minute, without a
-- change of alerts. It does in that case what commit-timeseries.lua does, at half the cost. In every other case it writes
-- nothing, and the caller calls that script.
--
-- KEYS  1 state. The keys of the samples are made from it: they are in the same slot.
-- ARGV  1 expected version  2 new version  3 retention of samples (ms)  4 ts  5 value  6 expected  7 score; '-' for none
--       8 status  9 horizon  10 watch; '' where it has not changed  11 state  12 retention of the minutes and the hours (ms)
-- Returns 1 (committed) or 0 (nothing was written).
local call = redis.call
local STATE, ts, value, expected, score = KEYS[1], ARGV[4], ARGV[5], ARGV[6], ARGV[7]
local head = redis.pcall('HMGET', STATE, 'v', 't', 'r', 'b', 'f', 'u')
if head[1] ~= ARGV[1] or not head[2] or head[3] ~= ARGV[3] or head[4] == '1' or head[5] ~= '1' or head[6] ~= ARGV[12] then
  return 0
end
local last, at = tonumber(head[2]), tonumber(ts)
if at <= last or math.floor(at / 60000) ~= math.floor(last / 60000) then return 0 end

local prefix = string.sub(STATE, 1, -6)
local VALUE, EXPECTED, SCORE = prefix .. 'value', prefix .. 'expected', prefix .. 'score'
if call('TYPE', VALUE).ok ~= 'TSDB-TYPE' or call('TYPE', EXPECTED).ok ~= 'TSDB-TYPE' or call('TYPE', SCORE).ok ~= 'TSDB-TYPE' then
  return 0
end

local args = {'TS.MADD', VALUE, ts, value}
if expected ~= '-' then args[5], args[6], args[7] = EXPECTED, ts, expected end
if score ~= '-' then
  local n = #args
  args[n + 1], args[n + 2], args[n + 3] = SCORE, ts, score
end
local added = call(unpack(args))
for _, reply in ipairs(added) do
  if type(reply) == 'table' and reply.err then error(reply.err) end
end
if ARGV[10] == '' then
  call('HSET', STATE, 'v', ARGV[2], 't', ts, 'l', value, 's', ARGV[11], 'c', ARGV[8], 'h', ARGV[9])
else
  call('HSET', STATE, 'v', ARGV[2], 't', ts, 'l', value, 's', ARGV[11], 'c', ARGV[8], 'h', ARGV[9], 'w', ARGV[10])
end
return 1
