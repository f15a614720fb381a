import type { Subscription } from '@nats-io/transport-node';
import type { FeedTime } from '../../model/feed.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Owner, Ownership, RelayAnswers, Relays, RelayWord } from '../relays.ts';
import { Leases } from './leases.ts';
import type { Link } from './link.ts';
import type { LogState } from './log-state.ts';
import type { LogWriter } from './writer.ts';

/** Who is asked for its time is on the same network, or gone. */
const ANSWER_MS = 1_000;

export interface RelayParts {
  readonly runtime: Runtime;
  readonly link: Link;
  readonly state: LogState;
  readonly writer: LogWriter;
}

/**
 * What is not in the log goes over plain subjects of NATS, which keep nothing:
 *
 *     STREAM.say          words: { from, word }
 *     STREAM.time.CLOCK   what time it is by a clock (its name in base64url): FeedTime
 *     STREAM.hello        the first words of a feed, of any relay: FeedHello
 */
export class NatsRelays implements Relays {
  readonly self: string;
  readonly #link: Link;
  readonly #state: LogState;
  readonly #leases: Leases;
  readonly #takers = new Set<(word: RelayWord) => void>();
  readonly #subscriptions: Subscription[] = [];
  readonly #closed = new AbortController();

  constructor(parts: RelayParts) {
    this.self = parts.runtime.random.id();
    this.#link = parts.link;
    this.#state = parts.state;
    this.#leases = new Leases(this.self, parts, this.#closed.signal);
  }

  get adopted(): string | null {
    return this.#state.adopted;
  }

  get owners(): ReadonlyMap<string, Owner> {
    const owners = new Map<string, Owner>();
    for (const [work, { relay, term, since }] of this.#state.terms)
      if (relay !== null) owners.set(work, { relay, term, since });
    return owners;
  }

  own(work: string, signal: AbortSignal): Promise<Ownership | null> {
    return this.#leases.own(work, signal);
  }

  /** Of the newest term that this opening had of a work, whether or not it still has it. */
  termOf(work: string): number | undefined {
    return this.#leases.termOf(work);
  }

  say(word: RelayWord): void {
    // What is said while nobody hears would come late, all at once.
    if (!this.#link.isUp || this.#closed.signal.aborted) return;
    this.#link.connection.publish(this.#subject('say'), JSON.stringify({ from: this.self, word }));
  }

  hear(take: (word: RelayWord) => void): () => void {
    if (this.#takers.size === 0 && !this.#subscriptions.some((held) => held.getSubject() === this.#subject('say')))
      this.#subscribe('say', (text) => {
        const { from, word } = JSON.parse(text) as { from: string; word: RelayWord };
        if (from !== this.self) for (const taker of this.#takers) taker(word);
      });
    this.#takers.add(take);
    return () => this.#takers.delete(take);
  }

  async timeOf(clock: string): Promise<FeedTime | null> {
    try {
      const { connection } = this.#link;
      const answer = await connection.request(this.#subject(timeSubject(clock)), '', { timeout: ANSWER_MS });
      return answer.json<FeedTime>();
    } catch {
      return null;
    }
  }

  answer(answers: RelayAnswers): void {
    const { clock } = answers;
    this.#subscribe(timeSubject(clock), (_, respond) => {
      respond(JSON.stringify({ clock, now: answers.now() } satisfies FeedTime));
    });
    this.#subscribe(
      'hello',
      (_, respond) => {
        answers.hello().then(
          (words) => {
            respond(JSON.stringify(words));
          },
          // Whoever asked asks again, and another relay may know.
          () => undefined,
        );
      },
      'hello',
    );
  }

  close(): void {
    this.#closed.abort();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #subscribe(name: string, take: (text: string, respond: (text: string) => void) => void, queue?: string): void {
    const subscription = this.#link.connection.subscribe(this.#subject(name), {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error || this.#closed.signal.aborted) return;
        take(message.string(), (text) => message.respond(text));
      },
    });
    this.#subscriptions.push(subscription);
  }

  #subject(name: string): string {
    return `${this.#link.stream}.${name}`;
  }
}

function timeSubject(clock: string): string {
  return `time.${Buffer.from(clock).toString('base64url')}`;
}
