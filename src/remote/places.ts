import type { Places } from '../client/stamping.ts';
import type { Follower } from './follower.ts';

/** What is known of places in the history of the daemon's sources. It follows the follower, which may begin anew. */
export function placesOf(follower: Follower): Places {
  return {
    get ungated() {
      return follower.ungated;
    },
    get shift() {
      return follower.shift;
    },
    stampOf: (seen, watermark) => {
      const { source, history } = seen;
      if ('replayedTo' in seen) return follower.trail.stampBefore(source, history, seen.replayedTo, watermark);
      if (seen.fresh && !follower.ungated.has(source))
        return follower.trail.follows(source, history) ? watermark : null;
      return follower.trail.stampFromSnapshot(source, history, seen.snapshot, watermark);
    },
    asOf: (source, stamp) => follower.namespaces.asOf(source, stamp),
    hasApplied: (place) => follower.trail.hasApplied(place),
  };
}
