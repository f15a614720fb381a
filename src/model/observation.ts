import type { Millis } from './position.ts';

export type ObservationType =
  | 'event:received'
  | 'plan'
  | 'layer:applied'
  | 'cache:hit'
  | 'cache:miss'
  | 'fill:stored'
  | 'fill:refused'
  | 'source:state'
  | 'source:lag'
  | 'trust:changed'
  | 'clock:suspended'
  | 'loop:stalled'
  | 'projection:refreshed'
  | 'audit:violation'
  | 'dead-letter';

/** Flat and small: names, offsets, counts, milliseconds. */
export type ObservedFields = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/** Something that happened, told live to whoever looks. Nothing depends on its being seen. */
export interface Observation {
  readonly type: ObservationType;
  readonly at: Millis;
  readonly fields: ObservedFields;
}
