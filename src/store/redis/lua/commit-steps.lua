-- The steps of a commit. Included after the functions read_head, check and write of a layout. Lua does not roll back, so
-- everything that can fail is checked before the first write.

-- The newest format of a state hash that this version knows: STATE_FORMAT of state-hash.ts. 2: the series has blocks (layout
-- `sorted-set`).
local FORMAT = 2

-- The fields of a record in the order of RECORD_FIELDS of state-hash.ts.
local function record() return call('HMGET', STATE, 'f', 'v', 's', 'e', 'a', 'k', 'w') end

-- The head has the fields f (format), v (version), t and l (newest reading), k (marks of the snapshots that are kept),
-- b ('1': the outbox may have entries), and from the seventh on those of the layout.
local head = read_head()
if head.err then return wrong(STATE, 'hash') or redis.error_reply(head.err) end
if head[1] and tonumber(head[1]) > FORMAT then
  return refused(STATE, 'was written by a later version (format ' .. head[1] .. ')')
end
if (head[2] or '-') ~= OLD_VERSION then return {'conflict', record()} end
local waiting = 0
if CHANGES > 0 or head[6] == '1' then
  waiting = redis.pcall('HLEN', OUTBOX)
  if type(waiting) == 'table' then return wrong(OUTBOX, 'hash') or redis.error_reply(waiting.err) end
end
if CHANGES > 0 then
  local bad = unlike(ALERTS, 'hash', 'HLEN')
  if bad then return bad end
end

if SAMPLES == 0 and VERDICTS == 0 and CHANGES == 0 and CHANGED == '0' then
  if ALWAYS == '1' and head[2] then call('HINCRBY', STATE, 'd', DUPLICATES) end
  if waiting == 0 then return 1 end
  return {'committed', call('HGETALL', OUTBOX), {}}
end

-- Readings far in the future would push all older ones out of the retention. The clock of a client that sends them is wrong.
-- The server's clock is asked only where a series jumps by more than an hour.
if SAMPLES > 0 then
  local ts = tonumber(samples[SAMPLES - 1])
  if ts - tonumber(head[3] or 0) > 3600000 and ts > server_time() + tonumber(AHEAD) then
    return refused(VALUE, 'takes no reading of ' .. samples[SAMPLES - 1] .. ': that is ahead of the clock of Redis')
  end
end

local bad = check(head)
if bad then return bad end

local update = {'HSET', STATE, 'v', NEW_VERSION}
local function set(field, text)
  update[#update + 1] = field
  update[#update + 1] = text
end
if not head[1] then set('f', '1') end
if CHANGES > 0 then
  set('b', '1')
elseif head[6] == '1' and waiting == 0 then
  set('b', '0')
end
write(head, set)
if SAMPLES > 0 then
  local ts, text = samples[SAMPLES - 1], samples[SAMPLES]
  local newer = tonumber(ts) - tonumber(head[3] or -1)
  if newer > 0 or (newer == 0 and tonumber(text) > tonumber(head[4])) then
    set('t', ts)
    set('l', text)
  end
end
if CHANGED == '1' then
  set('s', ARGV[4])
  if ARGV[5] ~= '' then set('a', ARGV[5]) end
  set('c', STATUS)
  set('h', HORIZON)
  if ARGV[6] ~= '' then set('e', ARGV[6]) end
  if ARGV[7] ~= '' then set('w', ARGV[7]) end
end
if SNAPSHOTS > 0 then
  local kept, there = {}, {}
  for i = SNAPSHOT, SNAPSHOT + 3 * SNAPSHOTS - 1, 3 do
    local n = ARGV[i]
    set('n' .. n, ARGV[i + 2])
    kept[#kept + 1] = n .. ':' .. ARGV[i + 1]
    there[n] = true
  end
  for n, ts in string.gmatch(head[5] or '', '(%d+):(%d+)') do
    if tonumber(n) < tonumber(OLDEST_SNAPSHOT) then
      call('HDEL', STATE, 'n' .. n)
    elseif not there[n] then
      kept[#kept + 1] = n .. ':' .. ts
    end
  end
  set('k', table.concat(kept, ' '))
end
call(unpack(update))

if CHANGES == 0 and waiting == 0 and restored == 0 then return 1 end
local changed = {}
for i = CHANGE, SNAPSHOT - 1, 2 do
  -- A field that begins so is stored, but is no revision: see alert-entry.ts.
  local field, quiet = string.gsub(ARGV[i], '^~', '')
  local revision, acknowledged, content = 1, '0', ARGV[i + 1]
  local old = call('HGET', ALERTS, field)
  if old then
    local r, a = string.match(old, '^(%d+) ([01]) ')
    revision, acknowledged = tonumber(r) + 1 - quiet, a
    -- Who has acknowledged it, and when: the fold does not know it.
    local who = string.find(old, ',["ack",', 1, true)
    if who then content = string.sub(content, 1, -2) .. string.sub(old, who) end
  end
  local entry = revision .. ' ' .. acknowledged .. ' ' .. content
  call('HSET', ALERTS, field, entry)
  if quiet == 0 or not old then call('HSET', OUTBOX, field .. '/' .. revision, entry) end
  changed[#changed + 1] = entry
end
return {'committed', (CHANGES > 0 or waiting > 0) and call('HGETALL', OUTBOX) or {}, changed, restored}
