import type { Draw } from '../../src/sim/draw.ts';
import type { Hurtable } from './cable.ts';
import { pause } from './clock.ts';
import type { Member } from './member.ts';
import type { World } from './world.ts';

export interface Fault {
  readonly name: string;
  /** What it hurts. Two that hurt the same are never under way together. */
  readonly hurts:
    'application' | 'relay' | 'postgres' | 'nats' | 'redis' | 'feed' | 'postgres line' | 'nats line' | 'redis line';
  /** Resolves once everything has been put back. */
  run(world: World, draw: Draw): Promise<void>;
}

type Span = readonly [number, number];

const SHORT_MS = [200, 1_500] as const;
/** Beyond the bound, so that trust is lost meanwhile. */
const LONG_MS = [1_000, 4_500] as const;
/** From within a lease until another relay has long taken over. */
const RELAY_MS = [500, 7_000] as const;

const wait = (draw: Draw, [low, high]: Span): Promise<void> => pause(draw.between(low, high));

async function killed(member: Member, start: () => void, draw: Draw, span: Span): Promise<void> {
  await member.end('SIGKILL');
  await wait(draw, span);
  start();
}

async function stopped(member: Member, draw: Draw, span: Span): Promise<void> {
  member.signal('SIGSTOP');
  await wait(draw, span);
  member.signal('SIGCONT');
}

interface Server {
  crash(): Promise<void>;
  start(): Promise<void>;
  pause(): void;
  resume(): void;
}

async function crashed(server: Server, draw: Draw, span: Span): Promise<void> {
  await server.crash();
  await wait(draw, span);
  await server.start();
}

async function frozen(server: Server, draw: Draw): Promise<void> {
  server.pause();
  await wait(draw, LONG_MS);
  server.resume();
}

async function onLine(line: Hurtable, hurt: (line: Hurtable) => void, draw: Draw): Promise<void> {
  hurt(line);
  await wait(draw, LONG_MS);
  line.mend();
}

const HURTS: readonly { readonly how: string; readonly hurt: (line: Hurtable) => void }[] = [
  {
    how: 'cut',
    hurt: (line) => {
      line.cut();
    },
  },
  {
    how: 'away',
    hurt: (line) => {
      line.away();
    },
  },
  {
    how: 'half open',
    hurt: (line) => {
      line.hold();
    },
  },
];

const pickSeat = (world: World, draw: Draw) => world.seats[draw.below(world.seats.length)]!;
const pickRelay = (world: World, draw: Draw) => world.relays[draw.below(world.relays.length)]!;

const onProcesses: readonly Fault[] = [
  {
    name: 'kill -9 of an application',
    hurts: 'application',
    run: (world, draw) => {
      const seat = pickSeat(world, draw);
      return killed(seat.member, () => seat.start(), draw, SHORT_MS);
    },
  },
  {
    name: 'SIGSTOP of an application',
    hurts: 'application',
    run: (world, draw) => stopped(pickSeat(world, draw).member, draw, LONG_MS),
  },
  {
    name: 'kill -9 of a relay',
    hurts: 'relay',
    run: (world, draw) => {
      const { member } = pickRelay(world, draw);
      return killed(member, () => member.start(), draw, RELAY_MS);
    },
  },
  {
    name: 'SIGTERM of a relay',
    hurts: 'relay',
    run: async (world, draw) => {
      const { member } = pickRelay(world, draw);
      await member.end('SIGTERM');
      member.start();
    },
  },
  {
    name: 'SIGSTOP of a relay',
    hurts: 'relay',
    run: (world, draw) => stopped(pickRelay(world, draw).member, draw, RELAY_MS),
  },
];

const onServers: readonly Fault[] = [
  { name: 'PostgreSQL restarted', hurts: 'postgres', run: ({ postgres }) => postgres.restart() },
  { name: 'PostgreSQL killed', hurts: 'postgres', run: ({ postgres }, draw) => crashed(postgres, draw, SHORT_MS) },
  { name: 'PostgreSQL frozen', hurts: 'postgres', run: ({ postgres }, draw) => frozen(postgres, draw) },
  {
    name: 'NATS leader killed',
    hurts: 'nats',
    run: async ({ nats }, draw) => crashed(await nats.leader(), draw, LONG_MS),
  },
  { name: 'NATS leader frozen', hurts: 'nats', run: async ({ nats }, draw) => frozen(await nats.leader(), draw) },
  {
    name: 'a NATS server killed',
    hurts: 'nats',
    run: ({ nats: { servers } }, draw) => crashed(servers[draw.below(servers.length)]!, draw, SHORT_MS),
  },
  {
    name: 'Redis failover to its replica',
    hurts: 'redis',
    run: ({ redis }, draw) => redis.failover(() => wait(draw, SHORT_MS)),
  },
  { name: 'Redis frozen', hurts: 'redis', run: ({ redis: { master } }, draw) => frozen(master, draw) },
  {
    name: 'Redis restarted empty',
    hurts: 'redis',
    run: ({ redis: { master } }, draw) => crashed(master, draw, SHORT_MS),
  },
];

const onLines: readonly Fault[] = [
  ...HURTS.flatMap(({ how, hurt }): Fault[] => [
    {
      name: `feed of an application ${how}`,
      hurts: 'feed',
      run: (world, draw) => onLine(pickSeat(world, draw).feed, hurt, draw),
    },
    {
      name: `line from a relay to PostgreSQL ${how}`,
      hurts: 'postgres line',
      run: (world, draw) => onLine(pickRelay(world, draw).toPostgres, hurt, draw),
    },
    {
      name: `lines from a relay to NATS ${how}`,
      hurts: 'nats line',
      run: (world, draw) => onLine(pickRelay(world, draw).toNats, hurt, draw),
    },
    {
      name: `line to Redis ${how}`,
      hurts: 'redis line',
      run: ({ redis }, draw) => onLine(redis.line, hurt, draw),
    },
  ]),
  {
    name: 'feed of an application slow',
    hurts: 'feed',
    run: (world, draw) => {
      const delayMs = draw.between(50, 700);
      return onLine(pickSeat(world, draw).feed, (line) => line.slow(delayMs), draw);
    },
  },
];

export const FAULTS: readonly Fault[] = [...onProcesses, ...onServers, ...onLines];

/** Every fault once in an order of the seed's, then again in another. */
export function* drawn(faults: readonly Fault[], draw: Draw): Generator<Fault, never> {
  for (;;) {
    const bag = [...faults];
    while (bag.length > 0) yield bag.splice(draw.below(bag.length), 1)[0]!;
  }
}
