import type { Relays, RelayWord } from '../journal/relays.ts';
import type { FedProof } from '../model/feed.ts';
import type { Mono } from '../model/position.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { Pings } from '../trust/pings.ts';

/** As often as a source proves: a proof counts from the newest question that was answered before it. */
const ASK_EVERY_MS = 100;

/** Who said something, and who can be asked for the time. */
export interface HeardFrom {
  readonly relays: Pick<Relays, 'timeOf'>;
  readonly runtime: Pick<Runtime, 'clock' | 'log'>;
  readonly askEveryMs?: number;
}

/** Whoever has proven nothing for so long is not asked any more. */
const QUIET_MS = 10_000;

/**
 * Proofs of sources that another relay reads. Their `t0` is of its clock; this relay knows what it asked before that, and
 * says the proof as of then: by what the question took older, never younger.
 */
export class HeardProofs {
  readonly #from: HeardFrom;
  readonly #prove: (proof: FedProof) => void;
  readonly #clocks = new Map<string, { readonly pings: Pings; heardAt: Mono }>();

  constructor(from: HeardFrom, prove: (proof: FedProof) => void) {
    this.#from = from;
    this.#prove = prove;
  }

  hear({ clock, proof }: Extract<RelayWord, { kind: 'proof' }>): void {
    const heardAt = this.#from.runtime.clock.mono();
    const known = this.#clocks.get(clock);
    if (known) known.heardAt = heardAt;
    else this.#clocks.set(clock, { pings: pingsOf(clock), heardAt });
    const t0 = known?.pings.before(proof.t0) ?? null;
    if (t0 !== null) this.#prove({ ...proof, t0 });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { runtime, askEveryMs = ASK_EVERY_MS } = this.#from;
    const { clock } = runtime;
    while (!signal.aborted) {
      for (const [whose, { pings, heardAt }] of this.#clocks) {
        if (clock.mono() - heardAt > QUIET_MS) this.#clocks.delete(whose);
        else this.#ask(whose, pings);
      }
      await clock.sleep(askEveryMs, signal);
    }
  }

  /** Nobody waits: an answer that is late or lost must not hold up the next question. */
  #ask(whose: string, pings: Pings): void {
    const { relays, runtime } = this.#from;
    const asked = runtime.clock.mono();
    relays.timeOf(whose).then(
      (time) => {
        if (time) pings.add(time.clock, asked, time.now);
      },
      (error: unknown) => {
        runtime.log.warn({ err: error, clock: whose }, 'another relay could not be asked for its time');
      },
    );
  }
}

function pingsOf(clock: string): Pings {
  const pings = new Pings();
  pings.of(clock);
  return pings;
}
