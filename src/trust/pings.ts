import type { Mono } from '../model/position.ts';

/** At five a second, the last dozen seconds: a proof that took longer proves too little to matter. */
const PINGS_MAX = 64;

/**
 * What time of ours came before a time of the daemon's. No clocks are compared: a question was asked at `asked` by our clock,
 * and answered at `answered` by its clock, so whatever it did from then on, it did after `asked`.
 */
export class Pings {
  #clock: string | null = '';
  #pings: { readonly asked: Mono; readonly answered: Mono }[] = [];

  /** Another daemon, or the same after a restart, has another clock, of which nothing is known yet. `null`: it is our own. */
  of(clock: string | null): void {
    if (clock === this.#clock) return;
    this.#clock = clock;
    this.#pings = [];
  }

  add(clock: string, asked: Mono, answered: Mono): void {
    if (clock !== this.#clock) return;
    this.#pings.push({ asked, answered });
    if (this.#pings.length > PINGS_MAX) this.#pings.shift();
  }

  /** The latest time of ours that is known to lie before a time of the daemon's; `null`: none is. */
  before(time: Mono): Mono | null {
    if (this.#clock === null) return time;
    let latest: Mono | null = null;
    // Answers may overtake each other, so all are looked at.
    for (const { asked, answered } of this.#pings) {
      if (answered <= time && (latest === null || asked > latest)) latest = asked;
    }
    return latest;
  }
}
