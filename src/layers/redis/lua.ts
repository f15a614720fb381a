/**
 * What one call does on the server: the functions of `trust/shard*.ts` and `promotion.ts`, for records that are kept in
 * Redis. A property test holds them to be equal (`scripts.redis.test.ts`).
 *
 * Keys of every script: 1 the record, 2 tombstones of keys, 3 marks of purged tags, 4 of expired tags, then entries. The
 * marks are sorted sets of offsets, so the lowest is forgotten first. Each holds one member that no name is and
 * that is never forgotten: without it an empty set would not exist, and that an eviction or somebody took one away could not be told.
 *
 * An entry is a hash: for each format and namespace a field `m` (epoch, stamp, expired, ahead of which time it ends, tags)
 * and a field `v` (the value). One name for all of them, so that ending a key needs no list of namespaces.
 *
 * Offsets are written as the client sent them: Lua would write large numbers with an exponent.
 */

const WHOLE = `
local function whole()
  return redis.call('EXISTS', KEYS[1], KEYS[2], KEYS[3], KEYS[4]) == 4
end
`;

/** `takeOver` and `coldShard`. Arguments: epoch, owner, contracts, head, where its owner began. Also when memory is full. */
export const CLAIM = `#!lua flags=allow-oom
${WHOLE}
local epoch, owner, contracts, head = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local r = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'contracts', 'watermark', 'floor', 'reset')
if r[2] and tonumber(owner) < tonumber(r[2]) then return {'deposed', r[4]} end
if r[1] ~= epoch or not whole() then
  redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'owner', owner, 'contracts', contracts,
    'watermark', head, 'floor', head, 'reset', head, 'tagFloor', head)
  for i = 2, 4 do redis.call('ZADD', KEYS[i], 'inf', '\\254') end
  return {'cold', head}
end
local limit = tonumber(r[2]) < tonumber(owner) and ARGV[5] or head
if tonumber(r[4]) > tonumber(limit) then return {'beyond', r[4]} end
redis.call('HSET', KEYS[1], 'owner', owner)
if r[3] ~= contracts then
  redis.call('HSET', KEYS[1], 'contracts', contracts)
  if tonumber(r[5]) < tonumber(head) then redis.call('HSET', KEYS[1], 'floor', head) end
  if tonumber(r[6]) < tonumber(head) then redis.call('HSET', KEYS[1], 'reset', head) end
end
return {'taken', r[4]}
`;

/**
 * `applyToShard`. Arguments: epoch, owner, contracts, after, watermark, marks, number of keys, length of the entries'
 * prefix; for each key whether softly and its offset; then for each tag or namespace what, its offset and its name.
 * Also when memory is full: an invalidation must not fail because there is too much to invalidate.
 */
export const APPLY = `#!lua flags=allow-oom
${WHOLE}
local r = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'contracts', 'watermark', 'floor', 'tagFloor', 'reset')
if r[2] and tonumber(ARGV[2]) < tonumber(r[2]) then return {'deposed', r[4]} end
if r[1] ~= ARGV[1] or r[2] ~= ARGV[2] or r[3] ~= ARGV[3] or not whole() then return {'unclaimed', r[4]} end

local function raise(field, known, at)
  if tonumber(at) > tonumber(known) then redis.call('HSET', KEYS[1], field, at) end
end

local function endEntries(name, softly, at)
  local fields = redis.call('HKEYS', name)
  local gone = {}
  for _, field in ipairs(fields) do
    if string.sub(field, 1, 1) == 'm' then
      local meta = cmsgpack.unpack(redis.call('HGET', name, field))
      if meta[2] < at then
        if softly then
          meta[3] = 1
          redis.call('HSET', name, field, cmsgpack.pack(meta))
        else
          gone[#gone + 1] = field
          gone[#gone + 1] = 'v' .. string.sub(field, 2)
        end
      end
    end
  end
  if #gone == 0 then return end
  if #gone == #fields then redis.call('UNLINK', name) else redis.call('HDEL', name, unpack(gone)) end
end

local keys, prefix = tonumber(ARGV[7]), tonumber(ARGV[8])
local place = 9
local tombstones = {}
for i = 5, 4 + keys do
  local at = ARGV[place + 1]
  tombstones[#tombstones + 1] = at
  tombstones[#tombstones + 1] = string.sub(KEYS[i], prefix + 1)
  endEntries(KEYS[i], ARGV[place] == 'expire', tonumber(at))
  place = place + 2
end
if keys > 0 then redis.call('ZADD', KEYS[2], 'GT', unpack(tombstones)) end
while place < #ARGV do
  local kind, at, name = ARGV[place], ARGV[place + 1], ARGV[place + 2]
  if kind == 'purge' then redis.call('ZADD', KEYS[3], 'GT', at, name)
  elseif kind == 'expire' then redis.call('ZADD', KEYS[4], 'GT', at, name)
  elseif kind == 'everything' then
    raise('reset', r[7], at)
    r[7] = redis.call('HGET', KEYS[1], 'reset')
  else raise('n' .. name, redis.call('HGET', KEYS[1], 'n' .. name) or 0, at) end
  place = place + 3
end

local function forget(set)
  local more = redis.call('ZCARD', set) - 1 - tonumber(ARGV[6])
  if more <= 0 then return 0 end
  local forgotten = redis.call('ZPOPMIN', set, more)
  return string.format('%.0f', tonumber(forgotten[#forgotten]))
end
raise('floor', r[5], forget(KEYS[2]))
raise('tagFloor', r[6], forget(KEYS[3]))
raise('tagFloor', redis.call('HGET', KEYS[1], 'tagFloor'), forget(KEYS[4]))

if tonumber(r[4]) < tonumber(ARGV[4]) then return {'behind', r[4]} end
raise('watermark', r[4], ARGV[5])
return {'applied', redis.call('HGET', KEYS[1], 'watermark')}
`;

const NOW = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`;

const LOOK = `
local function look()
  if not whole() then return {'cold'} end
  local r = redis.call('HMGET', KEYS[1], 'epoch', 'watermark', 'reset', 'tagFloor', 'n' .. ARGV[2], 'owner')
  if r[1] ~= ARGV[1] then return {'other-epoch'} end
  if tonumber(r[6]) < tonumber(ARGV[4]) then return {'unclaimed'} end
  local e = redis.call('HMGET', KEYS[5], 'm' .. ARGV[3], 'v' .. ARGV[3])
  if not e[1] then return {'absent'} end
  local meta = cmsgpack.unpack(e[1])
  local stamp, left = meta[2], meta[4] - now()
  if meta[1] ~= ARGV[1] or left <= 0 or stamp < tonumber(r[3]) or stamp < tonumber(r[5] or 0) then return {'absent'} end
  local through = math.max(stamp, tonumber(r[2]))
  if meta[3] == 1 then through = stamp end
  if #meta > 4 then
    if stamp < tonumber(r[4]) then return {'absent'} end
    for _, at in ipairs(redis.call('ZMSCORE', KEYS[3], unpack(meta, 5))) do
      if at and stamp < tonumber(at) then return {'absent'} end
    end
    for _, at in ipairs(redis.call('ZMSCORE', KEYS[4], unpack(meta, 5))) do
      if at and stamp < tonumber(at) then through = stamp end
    end
  end
  return {'found', e[2], stamp, through, left, unpack(meta, 5)}
end
`;

/** `readShard`, `readTags` and `validThrough`. Key 5 is the entry; arguments: epoch, namespace, format and namespace, oldest owner. */
export const GET = `#!lua flags=no-writes
${WHOLE}${NOW}${LOOK}
return look()
`;

/** `shardRefuses`: why a fill with this stamp would be refused. */
const REFUSAL = `
local function refusal(epoch, namespace, stamp, key, tags)
  local r = redis.call('HMGET', KEYS[1], 'epoch', 'floor', 'reset', 'tagFloor', 'n' .. namespace)
  if r[1] ~= epoch then return 'other-epoch' end
  if stamp < tonumber(r[2]) then return 'below-floor' end
  if stamp < tonumber(r[3]) or stamp < tonumber(r[5] or 0) then return 'namespace-purged' end
  if stamp < tonumber(redis.call('ZSCORE', KEYS[2], key) or 0) then return 'key-invalidated' end
  if #tags > 0 then
    if stamp < tonumber(r[4]) then return 'below-floor' end
    for set = 3, 4 do
      for _, at in ipairs(redis.call('ZMSCORE', KEYS[set], unpack(tags))) do
        if at and stamp < tonumber(at) then return 'tag-invalidated' end
      end
    end
  end
  return nil
end
`;

/**
 * GET; and where nothing is found that reflects enough, the lease of its load, unless another has it. Key 6 is the lease. Arguments as of
 * GET, then: what must be reflected, key, token, milliseconds, stamp, tags. A lease is over when its load would be refused: what ended the
 * value while it was loaded ends it, without a word of it in APPLY. Also when memory is full: whoever asks has nothing else.
 *
 * A lease: epoch, stamp, token (empty: nobody is to wait), tags.
 */
export const LEASE = `#!lua flags=allow-oom
${WHOLE}${NOW}${LOOK}${REFUSAL}
local found = look()
if found[1] == 'found' then
  if found[4] >= tonumber(ARGV[5]) then return found end
elseif found[1] ~= 'absent' then return found end
local held = redis.call('GET', KEYS[6])
if held then
  local lease = cmsgpack.unpack(held)
  if lease[3] ~= ARGV[7] and lease[1] == ARGV[1]
    and not refusal(ARGV[1], ARGV[2], lease[2], ARGV[6], {unpack(lease, 4)}) then
    if lease[3] == '' then return {'unshared'} end
    return {'held', redis.call('PTTL', KEYS[6])}
  end
end
redis.call('SET', KEYS[6], cmsgpack.pack({ARGV[1], tonumber(ARGV[9]), ARGV[7], unpack(ARGV, 10)}), 'PX', ARGV[8])
return {'leased'}
`;

/** Of one's own lease: `renew`, `release`, or `unshared`. Key 1 is the lease; arguments: token, which of them, milliseconds. */
export const KEEP = `#!lua flags=allow-oom
local held = redis.call('GET', KEYS[1])
if not held then return 0 end
local lease = cmsgpack.unpack(held)
if lease[3] ~= ARGV[1] then return 0 end
if ARGV[2] == 'renew' then redis.call('PEXPIRE', KEYS[1], ARGV[3])
elseif ARGV[2] == 'release' then redis.call('UNLINK', KEYS[1])
else
  lease[3] = ''
  redis.call('SET', KEYS[1], cmsgpack.pack(lease), 'PX', ARGV[3])
end
return 1
`;

/**
 * `fillShard`. Key 5 is the entry; arguments: epoch, namespace, format and namespace, stamp, milliseconds to live, value,
 * key, tags. Not when memory is full: the server refuses it.
 */
export const FILL = `#!lua
${WHOLE}${NOW}${REFUSAL}
if not whole() then return 'cold' end
local stamp = tonumber(ARGV[4])
local refused = refusal(ARGV[1], ARGV[2], stamp, ARGV[7], {unpack(ARGV, 8)})
if refused then return refused end
local ends = now() + tonumber(ARGV[5])
local resident = redis.call('HGET', KEYS[5], 'm' .. ARGV[3])
if resident then
  local meta = cmsgpack.unpack(resident)
  if meta[1] == ARGV[1] and stamp < meta[2] and meta[4] > now() then return 'older-than-stored' end
end
local isNew = redis.call('EXISTS', KEYS[5]) == 0
redis.call('HSET', KEYS[5], 'm' .. ARGV[3], cmsgpack.pack({ARGV[1], stamp, 0, ends, unpack(ARGV, 8)}),
  'v' .. ARGV[3], ARGV[6])
if isNew then redis.call('PEXPIREAT', KEYS[5], string.format('%.0f', ends))
else redis.call('PEXPIREAT', KEYS[5], string.format('%.0f', ends), 'GT') end
return 'stored'
`;
