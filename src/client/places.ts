import type { SourceId } from '../model/position.ts';
import type { Trail } from '../trust/trail.ts';
import type { Namespaces } from './namespaces.ts';
import type { Places } from './stamping.ts';

/** Where the sources are, as far as they are applied here. Asked anew each time: in a process that is fed it may begin anew. */
export interface Whereabouts {
  readonly trail: Trail;
  readonly namespaces: Namespaces;
  /** Sources that announce commits before readers see them. */
  readonly ungated: ReadonlySet<SourceId>;
  /** See `Places`. */
  readonly shift?: number;
}

const NONE: ReadonlySet<SourceId> = new Set();

/** What the loads of a namespace can say about what they have read, and what that is in offsets of here. */
export function placesOf(where: Whereabouts, namespace: string): Places {
  return {
    get ungated() {
      if (where.ungated.size === 0) return NONE;
      const sources = where.namespaces.all.get(namespace)?.config.sources;
      return new Set([...where.ungated].filter((name) => sources?.includes(name) ?? true));
    },
    get shift() {
      return where.shift ?? 0;
    },
    stampOf: (seen, watermark) => {
      const { trail, ungated } = where;
      const { source, history } = seen;
      if ('replayedTo' in seen) return trail.stampBefore(source, history, seen.replayedTo, watermark);
      // What a gated source has told was visible before: a snapshot that was taken since sees all that has been applied.
      if (seen.fresh && !ungated.has(source)) return trail.follows(source, history) ? watermark : null;
      return trail.stampFromSnapshot(source, history, seen.snapshot, watermark);
    },
    asOf: (source, stamp) => where.namespaces.asOf(source, stamp),
    hasApplied: (place) => where.trail.hasApplied(place),
  };
}
