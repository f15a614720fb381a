/** What a value is at the source; a test decides when it comes back. */
export type Load = () => Promise<string>;

/** A library, set up as its README says: in one process, in memory, every entry with the same TTL. */
export interface Subject {
  /** Reads through: from the cache, else from the load. */
  read(key: string, load: Load): Promise<string>;
  invalidateKey(key: string): Promise<unknown>;
  /** As `read`, with a tag that is known before. Absent: the library has no tags. */
  readTagged?(key: string, tag: string, load: Load): Promise<string>;
  /** As `read`, with a tag that only the loaded value tells. Absent: tags have to be known before. */
  readLearning?(key: string, tag: string, load: Load): Promise<string>;
  invalidateTag?(tag: string): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface Peer {
  /** Its package, whose version is told. */
  readonly name: string;
  /** The calls that are used, for whoever wants to check that they are the right ones. */
  readonly calls: { readonly key: string; readonly tag?: string; readonly learned?: string };
  open(ttlMs: number): Promise<Subject>;
}
