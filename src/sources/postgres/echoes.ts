import type { Mono } from '../../model/position.ts';
import type { Lsn } from './lsn.ts';

interface Echo {
  readonly t0: Mono;
  /** The server's answer has shown that the feed covered every table at that time. */
  confirmed: boolean;
  /** Its place in the log, once everything that was in the stream before it has gone out. */
  passed: Lsn | null;
}

/** Everything that readers could see at `t0`, and everything in the log up to `upTo`, has gone out. */
export interface Proven {
  readonly t0: Mono;
  readonly upTo: Lsn;
}

/** Echoes on their way. More than a few would only say that the server is slow, and make it slower. */
const OUTSTANDING_MAX = 4;

/**
 * Proofs of freshness. An echo is written to the log after `t0`; when it has come back through the stream and all before
 * it has gone out, everything that readers could see at `t0` has gone out.
 */
export class Echoes {
  readonly #outstanding = new Map<number, Echo>();
  #next = 1;
  #settled = 0;
  #proven: Proven | null = null;

  /** `null` when enough are on their way. */
  begin(t0: Mono): number | null {
    if (this.#outstanding.size >= OUTSTANDING_MAX) return null;
    const id = this.#next++;
    this.#outstanding.set(id, { t0, confirmed: false, passed: null });
    return id;
  }

  /** It could not be written. */
  forget(id: number): void {
    this.#outstanding.delete(id);
  }

  confirm(id: number): void {
    const echo = this.#outstanding.get(id);
    if (!echo) return;
    echo.confirmed = true;
    this.#prove(id, echo);
  }

  passed(id: number, upTo: Lsn): void {
    const echo = this.#outstanding.get(id);
    if (!echo) return;
    echo.passed = upTo;
    this.#prove(id, echo);
  }

  /** The newest proof that has not been asked for yet. */
  proven(): Proven | null {
    const proven = this.#proven;
    this.#proven = null;
    return proven;
  }

  /** Time before an echo that only waits for its turn; `null` if it waits for more, or has had its proof. */
  confirmedAt(id: number): Mono | null {
    const echo = this.#outstanding.get(id);
    return echo?.confirmed && id > this.#settled ? echo.t0 : null;
  }

  /** Its proof has been given. */
  settle(id: number): void {
    this.#settled = id;
    for (const older of this.#outstanding.keys()) if (older <= id) this.#outstanding.delete(older);
  }

  #prove(id: number, echo: Echo): void {
    if (!echo.confirmed || echo.passed === null) return;
    this.#proven = { t0: echo.t0, upTo: echo.passed };
    this.settle(id);
  }
}
