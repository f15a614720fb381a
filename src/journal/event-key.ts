import type { SourceId } from '../model/position.ts';

/** What an event of a source without order is known by. The length keeps `a` with `bc` apart from `ab` with `c`. */
export function eventKey(source: SourceId, id: string): string {
  return `${String(source.length)}:${source}${id}`;
}
