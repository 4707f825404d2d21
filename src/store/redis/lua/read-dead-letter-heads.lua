-- Reads topic, reason and detail of dead letters without their bytes.
--
-- KEYS  1 index  2 content  3 counts
-- ARGV  ids
-- Returns for each letter {head, number of bytes}, or false where there is no such letter.
local heads = {}
for i, content in ipairs(redis.call('HMGET', KEYS[2], unpack(ARGV))) do
  local head = content and string.match(content, '^[^\n]*')
  heads[i] = head and {head, #content - #head - 1}
end
return heads
