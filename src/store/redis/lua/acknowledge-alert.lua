-- Marks an alert as seen by a person and leaves the change in the outbox of the series.
--
-- KEYS  1 alerts of the series  2 outbox  3 state
-- ARGV  1 field of the alert  2 who and when, the last item of its JSON array (see alert-entry.ts), or ''
-- Returns nil where there is no such alert, otherwise {the entry of the alert, the pending outbox}.
for i = 2, 3 do
  local is = redis.call('TYPE', KEYS[i]).ok
  if is ~= 'none' and is ~= 'hash' then return redis.error_reply('WRONGTYPE of ' .. KEYS[i]) end
end
local entry = redis.call('HGET', KEYS[1], ARGV[1])
if not entry then return nil end
local revision, acknowledged, content = string.match(entry, '^(%d+) ([01]) (.*)$')
if acknowledged == '0' then
  revision = tonumber(revision) + 1
  if ARGV[2] ~= '' then content = string.sub(content, 1, -2) .. ',' .. ARGV[2] .. ']' end
  entry = revision .. ' 1 ' .. content
  redis.call('HSET', KEYS[1], ARGV[1], entry)
  redis.call('HSET', KEYS[2], ARGV[1] .. '/' .. revision, entry)
  -- The next commit looks into the outbox only where this field is '1'.
  if redis.call('HLEN', KEYS[3]) > 0 then redis.call('HSET', KEYS[3], 'b', '1') end
end
return {entry, redis.call('HGETALL', KEYS[2])}
