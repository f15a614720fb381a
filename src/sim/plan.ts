import { Draw } from './draw.ts';
import type { FaultKind } from './faults.ts';
import { WORLDS, type WorldName, type WorldShape } from './worlds.ts';

/** A fault that is to happen: when, for how long, and how much of it. */
export interface Fault {
  readonly id: number;
  readonly kind: FaultKind;
  readonly at: number;
  readonly ms: number;
  readonly amount: number;
}

export interface Write {
  readonly id: number;
  readonly at: number;
  /** Decides what is written. */
  readonly roll: number;
}

export interface Reader {
  readonly id: number;
  readonly everyMs: number;
  readonly burst: number;
}

/** The size and the temper of a world. */
export interface Shape {
  readonly lengthMs: number;
  readonly scale: number;
  readonly maxEntries: number;
  readonly tombstonesMax: number;
  readonly maxStalenessMs: number;
  readonly heartbeatMs: number;
  readonly ttlMs: number;
  readonly retentionMs: number;
  /** Longest that a commit usually stays invisible after its record is in the log. */
  readonly visibleMs: number;
  readonly loadMs: number;
  readonly wireMs: number;
  readonly syncMs: number;
}

/** All that a seed decides beforehand. A failure is shrunk by leaving parts of it out. */
export interface Plan {
  readonly seed: number;
  readonly world: WorldName;
  readonly shape: Shape;
  readonly faults: readonly Fault[];
  readonly writes: readonly Write[];
  readonly readers: readonly Reader[];
  /** Which of the domain's targets are read; `null`: all. */
  readonly targets: readonly number[] | null;
}

/** How often a kind is drawn, how long it lasts (ms) and how much of it there is. */
type Temper = readonly [weight: number, shortest: number, longest: number, amount: number];

const SCHEDULED: Partial<Record<FaultKind, Temper>> = {
  'feed-delay': [6, 200, 4_000, 800],
  'feed-duplicate': [5, 0, 0, 5],
  'feed-loss': [4, 0, 0, 1],
  'feed-disconnect': [5, 0, 0, 1],
  'feed-half-open': [4, 500, 6_000, 1],
  'database-down': [2, 300, 4_000, 1],
  'commit-invisible': [8, 100, 5_000, 3],
  'transaction-long': [4, 500, 8_000, 1],
  'slot-loss': [2, 0, 0, 1],
  'retention-overrun': [2, 0, 0, 1],
  'timeline-change': [2, 200, 2_000, 4],
  'load-slow': [8, 300, 4_000, 1_500],
  'load-hung': [4, 0, 0, 4],
  'load-failure': [3, 200, 2_000, 1],
  'disk-slow': [5, 300, 4_000, 400],
  'disk-full': [3, 200, 3_000, 1],
  crash: [9, 10, 2_500, 40],
  'wall-step': [4, 0, 0, 7_200_000],
  freeze: [4, 300, 20_000, 1],
  stall: [4, 50, 3_000, 1],
  'layer-outage': [5, 300, 20_000, 1],
  'layer-slow': [4, 300, 5_000, 600],
  'layer-partial': [5, 0, 0, 5],
  'layer-refusal': [3, 0, 0, 2],
  'contract-reload': [3, 0, 0, 1],
};

/** What happens to what the processes of a world share. */
const OF_SHARED: Partial<Record<FaultKind, Temper>> = {
  'shared-flush': [2, 0, 0, 1],
  'shared-restart': [2, 100, 2_000, 1],
  'shared-failover': [5, 0, 400, 1],
  'shared-readonly': [2, 200, 2_000, 1],
  'shared-full': [2, 200, 2_000, 1],
  'shared-slow': [3, 300, 3_000, 200],
  'shared-reply-lost': [4, 0, 0, 6],
  'shared-disconnect': [4, 0, 0, 1],
  'shared-clock': [2, 0, 0, 20_000],
  'shared-eviction': [6, 0, 0, 1_000],
};

/** To processes that a daemon feeds. */
const OF_FED: Partial<Record<FaultKind, Temper>> = {
  'stream-cut': [4, 0, 0, 1],
  'stream-delay': [4, 200, 3_000, 600],
  'stream-duplicate': [3, 0, 0, 4],
  'stream-loss': [5, 0, 0, 2],
  'stream-silent': [3, 0, 0, 1],
  'time-late': [3, 300, 3_000, 900],
  'fed-pause': [4, 50, 6_000, 1],
  'fed-kill': [3, 10, 1_000, 1],
  'page-gone': [3, 200, 2_500, 1],
};

/** To relays. */
const OF_RELAYS: Partial<Record<FaultKind, Temper>> = {
  'relay-kill': [3, 500, 4_000, 1],
  'relay-pause': [5, 500, 5_000, 1],
  'relay-cut': [5, 200, 4_000, 1],
  'word-lost': [4, 0, 0, 8],
  'word-late': [4, 200, 3_000, 400],
};

export interface PlanOptions {
  /** Scales the number of faults. Default 1. */
  readonly intensity?: number;
  readonly lengthMs?: number;
  /** Default: one process. */
  readonly world?: WorldName;
}

export function planOf(seed: number, options: PlanOptions = {}): Plan {
  const draw = new Draw(seed, 'plan');
  const shape = shapeOf(draw, options.lengthMs);
  const { world = 'single', intensity = 1 } = options;
  const faults = faultsOf(draw, shape, intensity);
  return {
    seed,
    world,
    shape,
    faults: [...faults, ...fleetFaults(seed, shape, WORLDS[world], intensity)].sort((a, b) => a.at - b.at),
    writes: writesOf(draw, shape),
    readers: Array.from({ length: 3 + draw.below(4) }, (_, id) => ({
      id,
      everyMs: draw.pick([7, 13, 29, 53]),
      burst: draw.pick([20, 40, 80]),
    })),
    targets: null,
  };
}

function shapeOf(draw: Draw, lengthMs?: number): Shape {
  return {
    // Now and then longer than the minute after which a journal is trimmed.
    lengthMs: lengthMs ?? (draw.chance(0.15) ? 70_000 : draw.pick([6_000, 10_000, 20_000])),
    scale: draw.pick([2, 6, 6, 16]),
    maxEntries: draw.chance(0.3) ? draw.pick([3, 12, 40]) : 100_000,
    tombstonesMax: draw.chance(0.3) ? draw.pick([1, 3, 10]) : 65_536,
    maxStalenessMs: draw.pick([150, 400, 1_500]),
    heartbeatMs: draw.pick([40, 100, 100]),
    ttlMs: draw.pick([3_000, 8_000, 600_000]),
    retentionMs: draw.pick([1_000, 3_600_000]),
    visibleMs: draw.pick([0, 2, 30]),
    loadMs: draw.pick([2, 10, 60]),
    wireMs: draw.pick([0, 2, 20]),
    syncMs: draw.pick([0, 2, 15]),
  };
}

/** A journal is trimmed after a minute; a layer that is away just then has still to apply what is forgotten. */
const AWAY: Omit<Fault, 'id'> = { kind: 'layer-outage', at: 55_000, ms: 8_000, amount: 1 };

/** Of streams of choices of their own, so that a seed's other troubles are the same in every world. */
function fleetFaults(seed: number, { lengthMs }: Shape, world: WorldShape, intensity: number): readonly Fault[] {
  const draw = new Draw(seed, 'fleet');
  const groups = [
    ...(world.isShared ? [OF_SHARED] : []),
    ...(world.fed > 0 ? [OF_FED] : []),
    ...(world.daemons > 1 ? [OF_RELAYS] : []),
  ];
  return groups
    .flatMap((tempers) => {
      const kinds = (Object.keys(tempers) as FaultKind[]).filter(() => draw.chance(0.6));
      const count = Math.round((lengthMs / 1_000) * draw.pick([0.3, 0.8, 1.5]) * intensity);
      return drawn(draw, { tempers, kinds, count, lengthMs });
    })
    .map((fault, i) => ({ ...fault, id: FLEET_FROM + i }));
}

const FLEET_FROM = 100_000;

interface Drawing {
  readonly tempers: Partial<Record<FaultKind, Temper>>;
  readonly kinds: readonly FaultKind[];
  readonly count: number;
  readonly lengthMs: number;
}

function drawn(draw: Draw, { tempers, kinds, count, lengthMs }: Drawing): Fault[] {
  const weights = kinds.map((kind) => tempers[kind]?.[0] ?? 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Array.from({ length: count }, (_, id): Fault => {
    let left = draw.next() * total;
    const kind = kinds.find((_, i) => (left -= weights[i] ?? 0) < 0) ?? 'crash';
    const [, shortest, longest, amount] = tempers[kind] ?? [1, 0, 0, 1];
    const at = draw.between(0, lengthMs);
    return { id, kind, at, ms: draw.long(shortest, longest), amount: 1 + draw.below(amount) };
  });
}

function faultsOf(draw: Draw, { lengthMs, retentionMs }: Shape, intensity: number): readonly Fault[] {
  // Each world has its own troubles: with all of them at once nothing would ever be cached for long.
  const kinds = (Object.keys(SCHEDULED) as FaultKind[]).filter(() => draw.chance(0.45));
  const count = Math.round((lengthMs / 1_000) * draw.pick([0.3, 1, 2]) * intensity);
  const faults = drawn(draw, { tempers: SCHEDULED, kinds, count, lengthMs });
  if (lengthMs > 60_000 && retentionMs < 60_000) faults.push({ ...AWAY, id: count });
  return faults;
}

function writesOf(draw: Draw, { lengthMs }: Shape): readonly Write[] {
  const everyMs = draw.pick([25, 80, 250]);
  const writes: Write[] = [];
  for (let at = 0; at < lengthMs;) {
    // Bursts and pauses, so that commits meet each other and loads meet none.
    at += draw.chance(0.3) ? draw.between(0, 2) : draw.between(0, everyMs * 2.5);
    writes.push({ id: writes.length, at, roll: draw.below(0x7fffffff) });
  }
  return writes;
}
