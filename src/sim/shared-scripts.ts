import type { SharedData, SharedField } from './shared-data.ts';
import type { ServerFlaws } from './shared-server.ts';

/** One call of a script: its keys and arguments as bytes. */
export interface Call {
  readonly data: SharedData;
  readonly keys: readonly string[];
  readonly args: readonly string[];
  /** By the server's clock. */
  readonly now: number;
  readonly flaws: ServerFlaws;
}

export type Reply = Buffer | number | readonly (Buffer | number | null)[];

/** `CLAIM` of `layers/redis/lua.ts`. */
export function claimShard({ data, keys, args, flaws }: Call): Reply {
  const [epoch = '', owner = '', contracts = '', head = '', beganAt = ''] = args;
  const [name = '', ...sets] = keys;
  const record = data.records.get(name);
  if (record && Number(owner) < numberOf(record, 'owner')) return words('deposed', record.get('watermark'));
  if (record?.get('epoch') !== epoch || !isWhole(data, keys, flaws)) {
    data.records.set(
      name,
      new Map(Object.entries({ epoch, owner, contracts, watermark: head, floor: head, reset: head, tagFloor: head })),
    );
    for (const set of sets) data.marks.set(set, new Map());
    return words('cold', head);
  }
  const limit = numberOf(record, 'owner') < Number(owner) ? beganAt : head;
  if (numberOf(record, 'watermark') > Number(limit)) return words('beyond', record.get('watermark'));
  record.set('owner', owner);
  if (record.get('contracts') !== contracts) {
    record.set('contracts', contracts);
    raise(record, 'floor', head);
    raise(record, 'reset', head);
  }
  return words('taken', record.get('watermark'));
}

const FIXED_KEYS = 4;

/** `APPLY`. */
export function applyRun({ data, keys, args, flaws }: Call): Reply {
  const [epoch = '', owner = '', contracts = '', after = '', watermark = '', max = '', count = '', prefix = ''] = args;
  const [name = ''] = keys;
  const record = data.records.get(name);
  if (record && Number(owner) < numberOf(record, 'owner')) return words('deposed', record.get('watermark'));
  const isClaimed = record?.get('owner') === owner && record.get('contracts') === contracts;
  if (record?.get('epoch') !== epoch || !isClaimed || !isWhole(data, keys, flaws))
    return words('unclaimed', record?.get('watermark'));
  const rest = args.slice(8);
  keys.slice(FIXED_KEYS).forEach((key, i) => {
    const [how = '', at = ''] = rest.slice(i * 2);
    endEntries(data, key, how === 'expire', Number(at));
    mark(data, keys[1], key.slice(Number(prefix)), at);
  });
  for (let place = Number(count) * 2; place < rest.length; place += 3) {
    const [kind = '', at = '', target = ''] = rest.slice(place);
    if (kind === 'purge') mark(data, keys[2], target, at);
    else if (kind === 'expire') mark(data, keys[3], target, at);
    else raise(record, kind === 'everything' ? 'reset' : `n${target}`, at);
  }
  raise(record, 'floor', forget(data, keys[1], Number(max)));
  raise(record, 'tagFloor', forget(data, keys[2], Number(max)));
  raise(record, 'tagFloor', forget(data, keys[3], Number(max)));
  if (numberOf(record, 'watermark') < Number(after)) return words('behind', record.get('watermark'));
  raise(record, 'watermark', watermark);
  return words('applied', record.get('watermark'));
}

/** `GET`. */
export function readEntry({ data, keys, args, now, flaws }: Call): Reply {
  const [epoch = '', namespace = '', slot = '', since = ''] = args;
  if (!isWhole(data, keys, flaws)) return words('cold');
  const record = data.records.get(keys[0] ?? '');
  if (record?.get('epoch') !== epoch) return words('other-epoch');
  if (numberOf(record, 'owner') < Number(since)) return words('unclaimed');
  const field = data.entries.get(keys[4] ?? '')?.fields.get(slot);
  if (field?.epoch !== epoch || field.endsAt <= now) return words('absent');
  const { stamp, tags } = field;
  if (stamp < numberOf(record, 'reset') || stamp < numberOf(record, `n${namespace}`)) return words('absent');
  const isExpired = field.isExpired || tags.some((tag) => stamp < markOf(data, keys[3], tag));
  if (tags.length > 0 && stamp < numberOf(record, 'tagFloor')) return words('absent');
  if (tags.some((tag) => stamp < markOf(data, keys[2], tag))) return words('absent');
  const through = isExpired ? stamp : Math.max(stamp, numberOf(record, 'watermark'));
  return [bytes('found'), bytes(field.value), stamp, through, field.endsAt - now, ...tags.map(bytes)];
}

/** `LEASE`. */
export function leaseLoad(call: Call): Reply {
  const { data, keys, args, now } = call;
  const [epoch = '', namespace = '', , , beyond = '', key = '', token = '', ms = '', stamp = '', ...tags] = args;
  const found = readEntry(call);
  const [is, , , through] = found as [Buffer, Buffer, number, number];
  const isFound = String(is) === 'found';
  if (isFound ? through >= Number(beyond) : String(is) !== 'absent') return found;
  const name = keys[5] ?? '';
  const held = data.leases.get(name);
  if (held?.epoch === epoch && held.token !== token) {
    const refused = refusalOf(call, { epoch, namespace, key, stamp: held.stamp, tags: held.tags });
    if (refused === null) return held.token === '' ? words('unshared') : [bytes('held'), held.endsAt - now];
  }
  data.leases.set(name, { epoch, stamp: Number(stamp), token, tags, endsAt: now + Number(ms) });
  return words('leased');
}

/** `KEEP`. */
export function keepLease({ data, keys, args, now }: Call): Reply {
  const [token = '', how = '', ms = ''] = args;
  const name = keys[0] ?? '';
  const lease = data.leases.get(name);
  if (lease?.token !== token) return 0;
  if (how === 'release') data.leases.delete(name);
  else data.leases.set(name, { ...lease, ...(how === 'unshared' && { token: '' }), endsAt: now + Number(ms) });
  return 1;
}

/** `FILL`. */
export function fillEntry(call: Call): Reply {
  const { data, keys, args, now, flaws } = call;
  const [epoch = '', namespace = '', slot = '', stamp = '', ttl = '', value = '', key = '', ...tags] = args;
  const refused = isWhole(data, keys, flaws)
    ? refusalOf(call, { epoch, namespace, key, stamp: Number(stamp), tags })
    : 'cold';
  if (refused && (!flaws.unfenced || refused === 'cold' || refused === 'other-epoch')) return bytes(refused);
  const endsAt = now + Number(ttl);
  const name = keys[4] ?? '';
  const entry = data.entries.get(name) ?? { fields: new Map<string, SharedField>(), endsAt: -Infinity };
  const resident = entry.fields.get(slot);
  if (resident?.epoch === epoch && Number(stamp) < resident.stamp && resident.endsAt > now)
    return bytes('older-than-stored');
  entry.fields.set(slot, { epoch, stamp: Number(stamp), isExpired: false, endsAt, tags, value });
  entry.endsAt = Math.max(entry.endsAt, endsAt);
  if (entry.endsAt > now) data.entries.set(name, entry);
  return bytes('stored');
}

interface Stamped {
  readonly epoch: string;
  readonly namespace: string;
  readonly key: string;
  readonly stamp: number;
  readonly tags: readonly string[];
}

function refusalOf({ data, keys }: Call, { epoch, namespace, key, stamp, tags }: Stamped): string | null {
  const record = data.records.get(keys[0] ?? '');
  if (record?.get('epoch') !== epoch) return 'other-epoch';
  if (stamp < numberOf(record, 'floor')) return 'below-floor';
  if (stamp < numberOf(record, 'reset') || stamp < numberOf(record, `n${namespace}`)) return 'namespace-purged';
  if (stamp < markOf(data, keys[1], key)) return 'key-invalidated';
  if (tags.length > 0 && stamp < numberOf(record, 'tagFloor')) return 'below-floor';
  const isEnded = (tag: string): boolean => stamp < markOf(data, keys[2], tag) || stamp < markOf(data, keys[3], tag);
  return tags.some(isEnded) ? 'tag-invalidated' : null;
}

function isWhole(data: SharedData, [record = '', ...rest]: readonly string[], flaws: ServerFlaws): boolean {
  if (!data.records.has(record)) return false;
  return flaws.blind === true || rest.slice(0, FIXED_KEYS - 1).every((set) => data.marks.has(set));
}

function endEntries(data: SharedData, name: string, softly: boolean, at: number): void {
  const entry = data.entries.get(name);
  if (!entry) return;
  for (const [slot, field] of entry.fields) {
    if (field.stamp >= at) continue;
    if (softly) entry.fields.set(slot, { ...field, isExpired: true });
    else entry.fields.delete(slot);
  }
  if (entry.fields.size === 0) data.entries.delete(name);
}

function mark(data: SharedData, set = '', name: string, at: string): void {
  const marks = data.marks.get(set) ?? new Map<string, number>();
  marks.set(name, Math.max(marks.get(name) ?? -Infinity, Number(at)));
  data.marks.set(set, marks);
}

function markOf(data: SharedData, set = '', name: string): number {
  return data.marks.get(set)?.get(name) ?? 0;
}

/** Of marks that are too many, the lowest go; what the last of them was. */
function forget(data: SharedData, set = '', max: number): string {
  const marks = data.marks.get(set);
  const more = (marks?.size ?? 0) - max;
  if (!marks || more <= 0) return '0';
  const lowest = [...marks].sort((a, b) => a[1] - b[1] || (a[0] < b[0] ? -1 : 1)).slice(0, more);
  for (const [name] of lowest) marks.delete(name);
  return String(lowest.at(-1)?.[1] ?? 0);
}

function numberOf(record: ReadonlyMap<string, string>, field: string): number {
  return Number(record.get(field) ?? 0);
}

function raise(record: Map<string, string>, field: string, at: string): void {
  if (Number(at) > numberOf(record, field)) record.set(field, at);
}

function words(...said: readonly (string | undefined)[]): Reply {
  return said.map((one) => (one === undefined ? null : bytes(one)));
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}
