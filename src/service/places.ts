import type { Places, Seen } from '../client/stamping.ts';
import type { Offset, SourceId } from '../model/position.ts';
import type { Engine } from './engine.ts';
import type { Namespace } from '../client/namespaces.ts';

/** What the loads of a namespace can say about what they have read, and what that is in offsets of the journal. */
export function placesOf(engine: Engine, { config }: Namespace): Places {
  const ungated = new Set<SourceId>();
  for (const { name, source } of engine.sources.values()) {
    if (source?.ungated && (config.sources?.includes(name) ?? true)) ungated.add(name);
  }
  return {
    ungated,
    stampOf: (seen, watermark) => stampOf(engine, seen, watermark),
    asOf: (source, stamp) => engine.namespaces.asOf(source, stamp),
    hasApplied: (place) => engine.trail.hasApplied(place),
  };
}

function stampOf({ trail, sources }: Engine, seen: Seen, watermark: Offset): Offset | null {
  const { source, history } = seen;
  if ('replayedTo' in seen) return trail.stampBefore(source, history, seen.replayedTo, watermark);
  // What a gated source has told was visible before: a snapshot that was taken since sees all that has been applied.
  const gated = sources.get(source)?.source?.ungated !== true;
  if (gated && seen.fresh) return trail.follows(source, history) ? watermark : null;
  return trail.stampFromSnapshot(source, history, seen.snapshot, watermark);
}
