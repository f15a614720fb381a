import type { Subscription } from '@nats-io/transport-node';
import { ASKED, type FeedFrom, type FeedTime } from '../../model/feed.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Owner, Ownership, RelayAnswers, Relays, RelayWord } from '../relays.ts';
import { subjectsOf, type HelloAnswer, type SaidWord } from './asking.ts';
import type { Entries } from './entries.ts';
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
  readonly entries: Entries;
}

/** What is not in the log goes over the subjects of `asking.ts`. */
export class NatsRelays implements Relays {
  readonly self: string;
  readonly #link: Link;
  readonly #state: LogState;
  readonly #entries: Entries;
  readonly #subjects: ReturnType<typeof subjectsOf>;
  readonly #leases: Leases;
  readonly #takers = new Set<(word: RelayWord) => void>();
  readonly #subscriptions: Subscription[] = [];
  readonly #closed = new AbortController();

  constructor(parts: RelayParts) {
    this.self = parts.runtime.random.id();
    this.#link = parts.link;
    this.#state = parts.state;
    this.#entries = parts.entries;
    this.#subjects = subjectsOf(parts.link.stream);
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
    this.#link.connection.publish(
      this.#subjects.say,
      JSON.stringify({ from: this.self, epoch: this.#state.epoch, word } satisfies SaidWord),
    );
  }

  hear(take: (word: RelayWord) => void): () => void {
    for (const subject of [this.#subjects.say, this.#subjects.fed])
      if (!this.#subscriptions.some((held) => held.getSubject() === subject))
        this.#subscribe(subject, (text) => {
          const { from, epoch, word } = JSON.parse(text) as SaidWord;
          // Offsets of another journal mean something else.
          if (from !== this.self && epoch === this.#state.epoch) for (const taker of this.#takers) taker(word);
        });
    this.#takers.add(take);
    return () => this.#takers.delete(take);
  }

  async timeOf(clock: string): Promise<FeedTime | null> {
    try {
      const { connection } = this.#link;
      const answer = await connection.request(this.#subjects.time(clock), '', { timeout: ANSWER_MS });
      return answer.json<FeedTime>();
    } catch {
      return null;
    }
  }

  answer(answers: RelayAnswers): void {
    const { clock } = answers;
    this.#subscribe(this.#subjects.time(clock), (_, respond) => {
      respond(JSON.stringify({ clock, now: answers.now() } satisfies FeedTime));
    });
    this.#subscribe(this.#subjects.hello, (text, respond) => {
      this.#hello(answers, text).then(
        (answer) => {
          respond(JSON.stringify(answer));
        },
        // Whoever asked asks again, and another relay may know.
        () => undefined,
      );
    });
    for (const what of ASKED) {
      const take = (text: string, respond: (text: string) => void): void => {
        void answers.ask(what, parseJson(text)).then((answer) => {
          respond(JSON.stringify(answer));
        });
      };
      this.#subscribe(this.#subjects.ask(what), take, 'relays');
      this.#subscribe(this.#subjects.ask(what, this.self), take);
    }
  }

  close(): void {
    this.#closed.abort();
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  /** Whoever reads the log itself may be ahead of this relay, so first it reads what is there. */
  async #hello(answers: RelayAnswers, text: string): Promise<HelloAnswer> {
    const from = text === '' ? null : (JSON.parse(text) as FeedFrom);
    await this.#entries.caughtUp();
    const hello = await answers.hello(from);
    return { from: this.self, hello, place: await this.#entries.place(hello.after) };
  }

  #subscribe(subject: string, take: (text: string, respond: (text: string) => void) => void, queue?: string): void {
    const subscription = this.#link.connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      callback: (error, message) => {
        if (error || this.#closed.signal.aborted) return;
        take(message.string(), (answer) => message.respond(answer));
      },
    });
    this.#subscriptions.push(subscription);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
