// Question: what would a thousand processes, a hundred million keys and a hundred thousand events a second need? Nobody has them here,
// so this is arithmetic, and a queue for each place where events wait: a deterministic simulation in virtual time, of unit costs that
// other benches have measured on one machine with two cores (docs/scaling.md says which). Events come at random; a partition is read,
// planned and appended by one relay, in groups, as the journal does it; each group goes out to every process over the servers of the
// journal's cluster, one after the other; each process applies what comes, one group after the other. What is not in it: the network's
// losses, other work on the same machines, and everything that grows with faults.
//
//   node scripts/bench.mjs scale [--relay-us 200] [--fan-out-gbit 10] ... (--help tells all)
import { parseArgs } from 'node:util';
import { Draw } from '../src/sim/draw.ts';

/** Measured, and what is assumed. */
const COSTS = {
  'relay-us': {
    value: 200,
    says: 'processor time of a commit at a relay, read, planned, appended and sent (bench propagation)',
  },
  'commit-ms': { value: 5, says: 'until a group is durable: one flush, or a majority of three servers (assumed)' },
  'entry-bytes': { value: 400, says: 'of an entry in the journal, as a process on NATS reads it (bench sizes)' },
  'fan-out-gbit': { value: 10, says: 'what a server of the cluster sends a second (assumed)' },
  'process-us': { value: 18, says: 'processor time of an entry at each process (bench sizes)' },
  'page-us': { value: 60, says: 'processor time of a group at each process (bench propagation)' },
  'network-ms': { value: 0.5, says: 'from one machine to another of a region (assumed)' },
  'region-ms': { value: 70, says: 'from one region to another (assumed)' },
  'key-bytes': { value: 710, says: 'of an entry of 250 bytes on Redis (bench sizes)' },
  'apply-us': { value: 8.3, says: 'of an invalidation at a shard of Redis: 121,000 a second (bench redis)' },
} as const;
type Cost = keyof typeof COSTS;
type Costs = Readonly<Record<Cost, number>>;

interface Fleet {
  readonly processes: number;
  readonly events: number;
  /** Of the journal: each has a relay, and a log of its own. */
  readonly partitions: number;
  /** Of all partitions, those that a process depends on. */
  readonly share: number;
  readonly servers: number;
  readonly regions: number;
}

const FLEETS: readonly Fleet[] = [
  { processes: 6, events: 1_000, partitions: 1, share: 1, servers: 1, regions: 1 },
  { processes: 1_000, events: 1_000, partitions: 1, share: 1, servers: 3, regions: 1 },
  { processes: 1_000, events: 4_000, partitions: 1, share: 1, servers: 3, regions: 1 },
  { processes: 1_000, events: 100_000, partitions: 1, share: 1, servers: 3, regions: 1 },
  { processes: 1_000, events: 100_000, partitions: 32, share: 1, servers: 15, regions: 1 },
  { processes: 1_000, events: 100_000, partitions: 32, share: 1 / 32, servers: 15, regions: 1 },
  { processes: 1_000, events: 100_000, partitions: 32, share: 1 / 32, servers: 15, regions: 3 },
];

/** Of virtual time: long enough for a queue that grows to be seen. */
const SECONDS = 5;
/** Entries of a group, as in the journal. */
const GROUP_ENTRIES = 1_000;

interface Result {
  /** Parts that are busy: of what a relay can append in full groups, of a server's line, of a process's core. */
  readonly relay: number;
  readonly server: number;
  readonly process: number;
  readonly delays: Float64Array;
}

/** One partition; the others are as it is, and share the servers and the processes with it. */
function simulate({ processes, events, partitions, share, servers, regions }: Fleet, costs: Costs): Result {
  const perMs = events / partitions / 1_000;
  const draw = new Draw(1, 'scale');
  // Each partition has its part of the servers, and each process the work of all partitions that it depends on.
  const sendMs = (n: number): number =>
    (n * costs['entry-bytes'] * 8 * processes * share * partitions) / (servers * costs['fan-out-gbit'] * 1e6);
  const takeMs = (n: number): number => ((costs['page-us'] + n * costs['process-us']) * share * partitions) / 1_000;
  const workMs = (n: number): number => (n * costs['relay-us']) / 1_000;
  const awayMs = 2 * costs['network-ms'] + (regions > 1 ? costs['region-ms'] : 0);
  const busy = { server: 0, process: 0 };
  const free = { server: 0, process: 0 };
  const delays: number[] = [];
  let waiting: number[] = [];
  let next = 0;
  let now = 0;
  while (now < SECONDS * 1_000) {
    for (; next <= now; next -= Math.log(1 - draw.next()) / perMs) waiting.push(next);
    if (waiting.length === 0) {
      now = next;
      continue;
    }
    const group = waiting.slice(0, GROUP_ENTRIES);
    waiting = waiting.slice(GROUP_ENTRIES);
    const { length } = group;
    busy.server += sendMs(length);
    busy.process += takeMs(length);
    now += workMs(length) + costs['commit-ms'];
    free.server = Math.max(free.server, now) + sendMs(length);
    free.process = Math.max(free.process, free.server + awayMs) + takeMs(length);
    for (const at of group) delays.push(free.process - at);
  }
  const most = GROUP_ENTRIES / (workMs(GROUP_ENTRIES) + costs['commit-ms']);
  return {
    relay: perMs / most,
    server: (busy.server / delays.length) * perMs,
    process: (busy.process / delays.length) * perMs,
    delays: Float64Array.from(delays).sort(),
  };
}

function costsOf(values: Readonly<Record<string, unknown>>): Costs {
  const costs = Object.entries(COSTS).map(([name, { value }]) => [name, Number(values[name] ?? value)] as const);
  return Object.fromEntries(costs) as Costs;
}

function rowOf(fleet: Fleet, costs: Costs): Record<string, string> {
  const { relay, server, process: each, delays } = simulate(fleet, costs);
  const keepsUp = Math.max(relay, server, each) < 1;
  const ms = (part: number): string => (keepsUp ? (delays[Math.floor(delays.length * part)] ?? NaN).toFixed(0) : '');
  const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;
  const egress = (fleet.events * costs['entry-bytes'] * 8 * fleet.processes * fleet.share) / 1e9;
  return {
    processes: String(fleet.processes),
    'events/s': String(fleet.events),
    partitions: String(fleet.partitions),
    'of them each': fleet.share === 1 ? 'all' : '1',
    servers: String(fleet.servers),
    regions: String(fleet.regions),
    relay: percent(relay),
    server: percent(server),
    process: percent(each),
    'Gbit/s out': egress.toFixed(1),
    'p50 ms': ms(0.5),
    'p99 ms': ms(0.99),
  };
}

function main(): number {
  const options = Object.fromEntries(Object.keys(COSTS).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h', default: false } } });
  if (values.help) {
    for (const [name, { value, says }] of Object.entries(COSTS))
      console.log(`  --${name.padEnd(14)} ${String(value).padStart(5)}  ${says}`);
    return 0;
  }
  const costs = costsOf(values);
  console.log('simulated, not measured; how busy each is, and no times where that is more than there is');
  console.table(FLEETS.map((fleet) => rowOf(fleet, costs)));
  const bytes = 1e8 * costs['key-bytes'];
  console.log(`100 million keys on Redis: ${(bytes / 1e9).toFixed(0)} GB, before replicas`);
  const shards = (events: number): number => Math.ceil((events * 2 * costs['apply-us']) / 1e6);
  console.log(
    `invalidations of 100,000 events a second, two each: ${String(shards(100_000))} shards that do nothing else`,
  );
  return 0;
}

process.exitCode = main();
