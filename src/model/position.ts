/** A source's name in the configuration. */
export type SourceId = string;

/**
 * Upstream's own order inside one epoch, encoded so that `<` on strings is that order
 * (a PostgreSQL LSN is 16 hex digits). It orders commits, never single rows.
 */
export type Position = string & { readonly brand: 'Position' };

/** What must stay the same for positions to be comparable: system id and timeline, server uuid, file identity. */
export type Epoch = string;

/** The journal's order over all sources: 1, 2, 3, ... without holes. Stamps, watermarks and floors are offsets. */
export type Offset = number & { readonly brand: 'Offset' };

/** Before the first entry: nothing has been applied. */
export const ORIGIN = 0 as Offset;

/** Where a source resumes: the last commit of it that the journal holds. */
export interface Resume {
  readonly epoch: Epoch;
  readonly position: Position;
}

/** Wall-clock milliseconds since 1970. For people and for retention; freshness never depends on it. */
export type Millis = number;

/** Milliseconds of this process's monotonic clock. The only clock that freshness is computed from. */
export type Mono = number;
