-- Writes the model table, or a document, if the revision that is there is the expected one.
--
-- KEYS  1 table or document
-- ARGV  1 revision that must be there ('0': none)  2 new revision  3 content
-- Returns 1 when written, 0 when another revision is there.
if (redis.call('HGET', KEYS[1], 'revision') or '0') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'content', ARGV[3])
return 1
