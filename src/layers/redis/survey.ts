/** What `INFO` of one server says that matters here. */
export interface Survey {
  readonly version: string;
  readonly policy: string;
}

export function surveyOf(info: string): Survey {
  const field = (name: string): string => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? '';
  return { version: field('redis_version'), policy: field('maxmemory_policy') };
}

/** The first version whose scripts can say that they write also when memory is full. Valkey began at 7.2. */
const OLDEST_MAJOR = 7;

/** Why the server cannot be used; `null` when it can. */
export function unusable({ version }: Survey): string | null {
  const major = Number.parseInt(version, 10);
  return Number.isNaN(major) || major >= OLDEST_MAJOR ? null : `version ${version}`;
}

/**
 * What its operator should change. Tombstones and marks have no TTL, so `volatile-*` leaves them alone, which is what fits
 * best: entries make room for each other. `allkeys-*` may take them; that is noticed, and costs all that the shard holds.
 */
export function warningsOf({ policy }: Survey): string[] {
  return policy.startsWith('allkeys')
    ? [
        `maxmemory-policy is ${policy}, which may evict what invalidations leave behind; a shard that lost it begins anew, empty. Set volatile-lru, or give this layer a server of its own`,
      ]
    : [];
}
