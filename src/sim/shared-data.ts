/** A value in one format and namespace, and what it is trusted by. */
export interface SharedField {
  readonly epoch: string;
  readonly stamp: number;
  readonly isExpired: boolean;
  /** By the server's clock. */
  readonly endsAt: number;
  readonly tags: readonly string[];
  readonly value: string;
}

interface SharedKey {
  readonly fields: Map<string, SharedField>;
  endsAt: number;
}

/** The right to load a key; an empty token: nobody is to wait. */
export interface SharedTurn {
  readonly epoch: string;
  readonly stamp: number;
  readonly token: string;
  readonly tags: readonly string[];
  /** By the server's clock. */
  readonly endsAt: number;
}

/** What a server holds. Every name is a string of bytes. */
export class SharedData {
  readonly records: Map<string, Map<string, string>>;
  /** Sorted sets of offsets, without the member that only says that the set is there. */
  readonly marks: Map<string, Map<string, number>>;
  readonly entries: Map<string, SharedKey>;
  readonly leases: Map<string, SharedTurn>;

  constructor(
    records: SharedData['records'] = new Map(),
    marks: SharedData['marks'] = new Map(),
    entries: SharedData['entries'] = new Map(),
    leases: SharedData['leases'] = new Map(),
  ) {
    this.records = records;
    this.marks = marks;
    this.entries = entries;
    this.leases = leases;
  }

  copy(): SharedData {
    return new SharedData(
      new Map(Array.from(this.records, ([name, record]) => [name, new Map(record)])),
      new Map(Array.from(this.marks, ([name, marks]) => [name, new Map(marks)])),
      new Map(Array.from(this.entries, ([name, { fields, endsAt }]) => [name, { fields: new Map(fields), endsAt }])),
      new Map(this.leases),
    );
  }

  expire(now: number): void {
    for (const [name, { endsAt }] of this.entries) if (endsAt <= now) this.entries.delete(name);
    for (const [name, { endsAt }] of this.leases) if (endsAt <= now) this.leases.delete(name);
  }

  /**
   * Takes one name away, as an eviction does; whether there was one. `part` from 0 up to 1 says which: below a half it is an
   * entry, above it what entries are judged by.
   */
  evict(part: number): boolean {
    const names = part < 0.5 ? [...this.entries.keys()] : [...this.records.keys(), ...this.marks.keys()];
    const name = names[Math.floor(((part * 2) % 1) * names.length)];
    if (name === undefined) return false;
    return this.records.delete(name) || this.marks.delete(name) || this.entries.delete(name);
  }
}
