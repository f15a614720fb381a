import type { WorldName } from './worlds.ts';

/** Ways to break the protocol on purpose, so that tests can show that the simulator would notice. */
export const SABOTAGES = {
  'fence-off': 'fills are admitted whatever happened since their load began',
  'floor-not-raised': 'tombstones are forgotten without raising the floor',
  'gate-off': 'transactions are passed on before readers see them',
  'barrier-skipped': 'after a gap the feed goes on before all below it is visible',
  'gap-swallowed': 'lost history is not told',
  'proof-before-applied': 'an echo proves freshness when it is sent, not when it has come back',
  'ack-before-durable': 'the journal answers before its write is on disk',
  'event-omitted': 'the feed leaves one transaction in a hundred out',
  'part-as-commit': 'the first part of a transaction lets the watermark move',
  'layer-lies': 'the outer layer says applied for what it has not done',
  'sleep-uncounted': 'the monotonic clock stops while the machine sleeps',
  'position-behind': 'the source tells a position from before the last commit',
  'parts-forgotten': 'a value reads others and does not embed them',
  'pairs-apart': 'keys that are to be read at one moment are read one by one',
  'contract-missing': 'the contract for groups is left out',
  'promotion-unproven': 'what a shared layer has is taken for as new as the process that asks',
  'shared-unfenced': 'a shared layer stores fills whatever was invalidated since their load began',
  'marks-unwatched': 'a shared layer does not notice that its marks were evicted',
  'gap-ignored': 'a fed process takes what was lost on its way for nothing',
  'report-ahead': 'a fed process says that it has applied what it has still to be told',
  'proof-wrong-clock': 'the time of another process is taken for an earlier one',
  'deposed-accepted': 'the journal takes what a relay appends that does not own the source any more',
} as const satisfies Record<string, string>;

/** Those that only a world of another shape than a single process can show. */
export const SEEN_IN: Partial<Record<Sabotage, WorldName>> = {
  'promotion-unproven': 'shared',
  'shared-unfenced': 'shared',
  'marks-unwatched': 'shared',
  'gap-ignored': 'fed',
  'report-ahead': 'fed',
  'proof-wrong-clock': 'relays',
  'deposed-accepted': 'relays',
};

export type Sabotage = keyof typeof SABOTAGES;
