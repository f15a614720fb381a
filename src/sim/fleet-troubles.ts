import type { SimulatedTime } from '../runtime/simulated-time.ts';
import { trimSettled } from '../service/trimming.ts';
import type { Conditions } from './conditions.ts';
import type { Daemon } from './daemon.ts';
import type { Draw } from './draw.ts';
import type { FedProcess } from './fed-process.ts';
import type { Fault } from './plan.ts';
import type { SharedServer } from './shared-server.ts';

/** The processes of a world, and what they share. */
export interface Fleet {
  readonly daemons: readonly Daemon[];
  readonly fed: readonly FedProcess[];
  readonly server: SharedServer | null;
}

export interface FleetTroublesParts {
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly draw: Draw;
  readonly fleet: Fleet;
}

/** A failover that takes no longer may be over before anybody asks, and breaks no connection. */
const UNNOTICED_MS = 40;

/** Longer than a lease, so that somebody else has taken over what a paused relay owned. */
const LEASES_OVER_MS = 2_500;

/** Makes happen what only a world of several processes, or one with a shared layer, can meet. */
export class FleetTroubles {
  readonly #parts: FleetTroublesParts;

  constructor(parts: FleetTroublesParts) {
    this.#parts = parts;
  }

  /** Whether it is of this kind. */
  begin(fault: Fault, daemon: Daemon): boolean {
    return this.#shared(fault) || this.#stream(fault) || this.#relay(fault, daemon);
  }

  #shared(fault: Fault): boolean {
    const { time, conditions, draw } = this.#parts;
    const { server } = this.#parts.fleet;
    const { kind, ms, amount } = fault;
    switch (kind) {
      case 'shared-flush':
        server?.flush();
        break;
      case 'shared-restart':
        server?.restart();
        this.#away(ms);
        break;
      case 'shared-failover':
        if (!server?.failOver()) return true;
        if (ms > UNNOTICED_MS) this.#away(ms);
        break;
      case 'shared-readonly':
      case 'shared-full': {
        if (!server) return true;
        const what = kind === 'shared-full' ? 'isFull' : 'isReadOnly';
        server[what] = true;
        time.after(ms, () => {
          server[what] = false;
        });
        break;
      }
      case 'shared-clock':
        server?.stepClock(draw.chance(0.5) ? amount : -amount);
        break;
      case 'shared-eviction':
        if (!server?.data.evict((amount - 1) / 1_000)) return true;
        break;
      case 'shared-disconnect':
        if (!this.#disconnect()) return true;
        break;
      case 'shared-reply-lost':
        conditions.arm(fault);
        return true;
      default:
        return false;
    }
    conditions.tally.hit(kind);
    return true;
  }

  #disconnect(): boolean {
    const links = this.#parts.fleet.daemons.flatMap((daemon) => daemon.links);
    for (const link of links) link.break();
    return links.length > 0;
  }

  #away(ms: number): void {
    const { time, fleet } = this.#parts;
    const { server } = fleet;
    if (!server) return;
    server.isDown = true;
    this.#disconnect();
    time.after(ms, () => {
      server.isDown = false;
    });
  }

  #stream(fault: Fault): boolean {
    const { conditions, draw, fleet, time } = this.#parts;
    const { kind, ms, id } = fault;
    const fed = fleet.fed[id % Math.max(1, fleet.fed.length)];
    switch (kind) {
      case 'stream-loss':
      case 'stream-duplicate':
        conditions.arm(fault);
        return true;
      case 'stream-cut':
        if (fed?.transport?.cut()) conditions.tally.hit(kind);
        return true;
      case 'stream-silent':
        if (fed?.transport?.silence()) conditions.tally.hit(kind);
        return true;
      case 'fed-pause':
        if (fed?.freeze(ms, draw.chance(0.5) ? 'suspend' : 'stall')) conditions.tally.hit(kind);
        return true;
      case 'fed-kill':
        if (!fed?.transport) return true;
        fed.kill(ms);
        conditions.tally.hit(kind);
        return true;
      case 'page-gone':
        fed?.transport?.part(ms);
        time.after(ms, () => {
          this.#forget();
        });
        return true;
      default:
        return false;
    }
  }

  /** The journal forgets all that it has, as it does with what is older than its retention. */
  #forget(): void {
    const process = this.#parts.fleet.daemons.map((daemon) => daemon.reachable).find((one) => one !== null);
    if (!process) return;
    const { journal, memory } = process.engine;
    trimSettled(journal, memory.store.watermark, process.clock.now()).catch(() => undefined);
  }

  #relay(fault: Fault, daemon: Daemon): boolean {
    const { conditions } = this.#parts;
    const { process } = daemon;
    const { kind, ms } = fault;
    switch (kind) {
      case 'word-lost':
        conditions.arm(fault);
        return true;
      case 'relay-kill':
        if (process) daemon.crash(process, ms);
        break;
      case 'relay-pause':
        if (process && !process.clock.frozen) daemon.freeze(LEASES_OVER_MS + ms, 'stall');
        break;
      case 'relay-cut':
        daemon.cut(ms);
        break;
      default:
        return false;
    }
    if (process) conditions.tally.hit(kind);
    return true;
  }
}
