-- Reads blocks in the layout `sorted-set`. Members are read before them: a member may become a record of a block in between, but a
-- record never becomes a member. Only this key is named, so that a Cluster that moves the slot can answer.
--
-- KEYS  1 blocks
-- ARGV  1 doubles in a record  2 from  3 to  4 how many records at least, where there are so many  5 'oldest' or 'newest' of them
-- Returns the blocks in time order. They may have records before `from` and after `to`.
local RECORD, FROM, TO, WANTED = 8 * tonumber(ARGV[1]), ARGV[2], ARGV[3], tonumber(ARGV[4])
-- Blocks that are read at once.
local PAGE = 64

local function start_of(block) return string.format('%.0f', (struct.unpack('<d', block))) end
local function end_of(block) return (struct.unpack('<d', block, #block - RECORD + 1)) end

-- The first block may have records that are not asked for, so it does not count.
local blocks, records = {}, nil
local function take(block)
  records = records and records + #block / RECORD or 0
  blocks[#blocks + 1] = block
  return records < WANTED
end

local function read_oldest()
  local first = redis.call('ZREVRANGEBYSCORE', KEYS[1], FROM, '-inf', 'LIMIT', 0, 1)[1]
  if first and end_of(first) >= tonumber(FROM) then take(first) end
  local after = FROM
  repeat
    local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. after, TO, 'LIMIT', 0, PAGE)
    for _, block in ipairs(found) do
      if not take(block) then return end
      after = start_of(block)
    end
  until #found < PAGE
end

local function read_newest()
  local before = TO
  repeat
    local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], before, '-inf', 'LIMIT', 0, PAGE)
    for _, block in ipairs(found) do
      if end_of(block) < tonumber(FROM) or not take(block) then return end
      before = '(' .. start_of(block)
    end
  until #found < PAGE
end

if ARGV[5] == 'oldest' then
  read_oldest()
  return blocks
end
read_newest()
local ascending = {}
for i = #blocks, 1, -1 do ascending[#ascending + 1] = blocks[i] end
return ascending
