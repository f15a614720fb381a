import { createHash } from 'node:crypto';
import { APPLY, CLAIM, FILL, GET, KEEP, LEASE } from '../layers/redis/lua.ts';
import { SharedData } from './shared-data.ts';
import {
  applyRun,
  claimShard,
  fillEntry,
  keepLease,
  leaseLoad,
  readEntry,
  type Call,
  type Reply,
} from './shared-scripts.ts';

export type Argument = string | Buffer | number;

interface Native {
  readonly run: (call: Call) => Reply;
  /** Whether a replica refuses it. */
  readonly writes: boolean;
  /** Whether a server that is full refuses it. */
  readonly needsRoom: boolean;
}

/** By the digest of their text, as the server knows them: a script that is changed is not known here until this is changed too. */
const NATIVE = new Map<string, Native>([
  [digestOf(CLAIM), { run: claimShard, writes: true, needsRoom: false }],
  [digestOf(APPLY), { run: applyRun, writes: true, needsRoom: false }],
  [digestOf(GET), { run: readEntry, writes: false, needsRoom: false }],
  [digestOf(LEASE), { run: leaseLoad, writes: true, needsRoom: false }],
  [digestOf(KEEP), { run: keepLease, writes: true, needsRoom: false }],
  [digestOf(FILL), { run: fillEntry, writes: true, needsRoom: true }],
]);

/** Ways to break what the server does, on purpose. */
export interface ServerFlaws {
  /** Fills are stored whatever the shard remembers. */
  readonly unfenced?: boolean;
  /** A set of marks that is gone is taken for an empty one. */
  readonly blind?: boolean;
}

/** How often a replica's state is kept, and how many of them: a failover loses the time of all. */
export const COPY_EVERY_MS = 400;
const COPIES_MAX = 5;

/**
 * A Redis server as the shared layer meets it. It runs our scripts, each as a function that does the same: a differential test
 * holds the two to give the same replies (`test/sim/shared-server.redis.test.ts`).
 */
export class SharedServer {
  readonly #now: () => number;
  readonly #flaws: ServerFlaws;
  readonly #known = new Set<string>();
  readonly #copies: SharedData[] = [];
  #data = new SharedData();
  #clockMs = 0;
  /** By how much its clock was put back, all in all. */
  #putBackMs = 0;
  /** The longest that a fill was under way. */
  #lateMs = 0;
  isDown = false;
  isFull = false;
  isReadOnly = false;

  /** `now`: the true time, in milliseconds. */
  constructor(now: () => number, flaws: ServerFlaws = {}) {
    this.#now = now;
    this.#flaws = flaws;
  }

  get data(): SharedData {
    return this.#data;
  }

  /** Its reply to a command; throws what it refuses one with. */
  call(command: string, [name = '', count = 0, ...rest]: readonly Argument[]): Reply {
    const digest = command === 'EVAL' ? digestOf(String(name)) : String(name);
    if (command === 'EVAL') this.#known.add(digest);
    else if (command !== 'EVALSHA') throw new Error(`ERR unknown command '${command}'`);
    const native = NATIVE.get(digest);
    if (!this.#known.has(digest)) throw new Error('NOSCRIPT No matching script. Please use EVAL.');
    if (!native) throw new Error('ERR the simulated server does not know this script');
    if (native.writes && this.isReadOnly) throw new Error("READONLY You can't write against a read only replica.");
    if (native.needsRoom && this.isFull) throw new Error("OOM command not allowed when used memory > 'maxmemory'.");
    const texts = rest.map(binary);
    const keys = texts.slice(0, Number(count));
    const now = Math.floor(this.#now() + this.#clockMs);
    this.#data.expire(now);
    return native.run({ data: this.#data, keys, args: texts.slice(Number(count)), now, flaws: this.#flaws });
  }

  stepClock(ms: number): void {
    this.#clockMs += ms;
    if (ms < 0) this.#putBackMs -= ms;
  }

  /** A fill may have been under way for so long: its TTL is counted from when it got here. */
  took(ms: number): void {
    this.#lateMs = Math.max(this.#lateMs, ms);
  }

  /** How much longer than its TTL something may live here (SPEC I12). */
  get graceMs(): number {
    return this.#putBackMs + this.#lateMs;
  }

  flush(): void {
    this.#data = new SharedData();
  }

  /** Of what it holds and what it has been told nothing is left. */
  restart(): void {
    this.flush();
    this.#copies.length = 0;
    this.#known.clear();
  }

  /** What a replica has by now; a failover finds an older state with the next ones. */
  copy(): void {
    this.#copies.push(this.#data.copy());
    if (this.#copies.length > COPIES_MAX) this.#copies.shift();
  }

  /** A replica that lacks the newest writes takes over. Whether there is one. */
  failOver(): boolean {
    const [oldest] = this.#copies;
    if (!oldest) return false;
    this.#data = oldest;
    this.#copies.length = 0;
    this.#known.clear();
    return true;
  }
}

function digestOf(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

/** Names and values are bytes: one character for each. */
function binary(argument: Argument): string {
  return typeof argument === 'number' ? String(argument) : Buffer.from(argument as string).toString('latin1');
}
