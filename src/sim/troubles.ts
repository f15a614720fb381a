import type { SimulatedTime } from '../runtime/simulated-time.ts';
import type { Conditions } from './conditions.ts';
import type { Database } from './database.ts';
import type { Disk } from './disk.ts';
import type { Draw } from './draw.ts';
import type { Fault } from './plan.ts';
import type { Daemon } from './daemon.ts';
import { FleetTroubles, type Fleet } from './fleet-troubles.ts';
import type { Process } from './process.ts';

export interface TroublesParts {
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly draw: Draw;
  readonly database: Database;
  readonly disk: Disk;
  readonly fleet: Fleet;
  readonly reload: () => void;
}

/** Most hops from one microtask to the next before a crash: longer than the longest chain of awaits between two timers. */
const HOPS_MAX = 40;

/** Makes a planned fault happen. */
export class Troubles {
  readonly #parts: TroublesParts;

  readonly #fleet: FleetTroubles;

  constructor(parts: TroublesParts) {
    this.#parts = parts;
    this.#fleet = new FleetTroubles(parts);
  }

  begin(fault: Fault): void {
    const { conditions, database } = this.#parts;
    const daemon = this.#daemon(fault);
    const { process } = daemon;
    switch (fault.kind) {
      case 'feed-duplicate':
      case 'feed-loss':
      case 'load-hung':
      case 'layer-partial':
      case 'layer-refusal':
      case 'commit-invisible':
        conditions.arm(fault);
        return;
      case 'feed-disconnect':
        if (!process?.link) return;
        process.link.break('the connection was reset');
        conditions.tally.hit(fault.kind);
        return;
      case 'feed-half-open':
        if (!process?.link) return;
        process.link.silence();
        conditions.tally.hit(fault.kind);
        return;
      case 'database-down':
        this.#down(fault);
        return;
      case 'timeline-change':
        database.promote(fault.amount);
        conditions.tally.hit(fault.kind);
        this.#down({ ...fault, kind: 'database-down' });
        return;
      case 'transaction-long':
        this.#longTransaction(fault);
        return;
      case 'slot-loss':
      case 'retention-overrun':
        this.#loseSlot(fault);
        return;
      case 'contract-reload':
        this.#parts.reload();
        return;
      case 'crash':
        if (process) this.#crash(daemon, process, fault);
        return;
      case 'wall-step':
      case 'freeze':
      case 'stall':
        if (process) this.#time(daemon, process, fault);
        return;
      default:
        if (!this.#fleet.begin(fault, daemon)) conditions.open(fault);
    }
  }

  /** Whom it meets. */
  #daemon({ id }: Fault): Daemon {
    const { daemons } = this.#parts.fleet;
    const daemon = daemons[id % daemons.length];
    if (!daemon) throw new Error('there is no daemon');
    return daemon;
  }

  #break(reason: string): void {
    for (const { process } of this.#parts.fleet.daemons) process?.link?.break(reason);
  }

  #down({ kind, ms }: Fault): void {
    const { time, conditions, database } = this.#parts;
    database.isDown = true;
    conditions.tally.hit(kind);
    this.#break('the server closed the connection');
    time.after(ms, () => {
      database.isDown = false;
    });
  }

  #longTransaction({ kind, ms }: Fault): void {
    const { time, conditions, database } = this.#parts;
    const xid = database.begin();
    conditions.tally.hit(kind);
    time.after(ms, () => {
      database.end(xid);
    });
  }

  #loseSlot({ kind }: Fault): void {
    const { conditions, database } = this.#parts;
    if (!database.slot) return;
    if (kind === 'slot-loss') database.slot = null;
    else database.slot.state = 'lost';
    conditions.tally.hit(kind);
    this.#break('the server ended the stream');
  }

  /** Not at a round moment: after some more timers or behind a write, and some more microtasks. */
  #crash(daemon: Daemon, process: Process, { ms, amount, kind }: Fault): void {
    const { conditions, draw, disk, fleet } = this.#parts;
    const hops = draw.below(HOPS_MAX);
    const fall = (): void => {
      let hop = Promise.resolve();
      for (let i = 0; i < hops; i++) hop = hop.then(() => undefined);
      void hop.then(() => {
        if (process.clock.dead) return;
        conditions.tally.hit(kind);
        daemon.crash(process, ms);
      });
    };
    if (draw.chance(0.4) && fleet.daemons.length === 1) disk.onWrite = fall;
    else process.clock.onFire(amount, fall);
  }

  #time(daemon: Daemon, { clock }: Process, { kind, ms, amount }: Fault): void {
    const { conditions, draw } = this.#parts;
    if (clock.frozen || clock.dead) return;
    if (kind === 'wall-step') clock.stepWall(draw.chance(0.5) ? amount : -amount);
    else daemon.freeze(ms, kind === 'freeze' ? 'suspend' : 'stall');
    conditions.tally.hit(kind);
  }
}
