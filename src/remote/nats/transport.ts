import type { ClientRuntime } from '../../client/parts.ts';
import { TidemarkError } from '../../tidemark-error.ts';
import { subjectsOf, type HelloAnswer, type SaidWord } from '../../journal/nats/asking.ts';
import type { Asked, FeedAnswer, FeedFrame, FeedFrom, FeedTime } from '../../model/feed.ts';
import type { Member, RelayWord } from '../../journal/relays.ts';
import type { InvalidationMessage } from '../../model/invalidation.ts';
import type { MemberReport } from '../../model/member.ts';
import type { Epoch, Offset, SourceId } from '../../model/position.ts';
import type { Token } from '../../model/token.ts';
import { HeardProofs } from '../../pipeline/heard-proofs.ts';
import { refusalOf } from '../refusal.ts';
import type { FeedTransport, RemoteReceipt, SentEvent } from '../transport.ts';
import { Inbox } from './inbox.ts';
import { Line, type LogMessage, type NatsAddress } from './line.ts';
import { LogReader } from './log-reader.ts';

/** For the first words: any relay answers. */
const HELLO_MS = 1_000;
/** As often as over HTTP. */
const ASK_TIME_EVERY_MS = 200;
/** Whoever is heard and does not answer for so long is hung, as over HTTP. */
const ANSWER_MS = 15_000;
/** Asking twice is harmless: an event is known by its id, and ending trust again ends nothing that is still true. */
const TRIES = 3;
/** How long a connection is waited for that is being made anew. */
const FED_MS = 2_000;
/** Between two attempts. */
const BETWEEN_MS = 100;
/**
 * Four beats of the relay that has said which namespaces there are: when it is gone, another is asked, as over HTTP. It may have
 * been the last one with that configuration.
 */
const GREETER_MS = 1_000;
/** Longest that the log may keep back what relays say is in it; then it is asked for anew. */
const LOG_SILENT_MS = 2_000;
/** Entries that wait for their turn before the log is read on. */
const HELD_MAX = 5_000;

/** A line, and who has said the first words over it. */
interface Fed {
  readonly line: Line;
  readonly greeter: string;
}

/** Who has said the first words, and of which journal. */
interface Greeting {
  readonly greeter: string;
  readonly epoch: Epoch;
}

/**
 * Fed by the log of a journal on NATS itself: what ends is read where the relays read it, so none of them is in the way. Their words
 * say that somebody journals at all, and what is proven; one of them is asked where to begin, and to do what is to be done.
 */
export class NatsTransport implements FeedTransport {
  readonly place: string;
  readonly #address: NatsAddress;
  readonly #runtime: ClientRuntime;
  readonly #subjects: ReturnType<typeof subjectsOf>;
  #way: Fed | null = null;
  /** Of the journal that this process has said last how far it is in. */
  #epoch: Epoch = '';
  readonly #waiting = new Set<() => void>();
  #isClosed = false;

  constructor(address: NatsAddress, runtime: ClientRuntime) {
    this.#address = address;
    this.#runtime = runtime;
    this.#subjects = subjectsOf(address.stream);
    this.place = `${address.servers.join(',')}, stream ${address.stream}`;
  }

  async *frames(from: FeedFrom | null, signal: AbortSignal): AsyncGenerator<FeedFrame> {
    const line = await Line.open(this.#address, this.place);
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      void line.close();
    };
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    try {
      yield* this.#feed(line, from, over.signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      if (this.#way?.line === line) this.#way = null;
      signal.removeEventListener('abort', end);
      end();
    }
  }

  /** Proofs come by the clock of this process already; only the relays have to hear how far it is. */
  time({ id, name, epoch, watermark }: MemberReport): Promise<FeedTime> {
    const member: Member = { id, name, role: 'process', watermarks: { own: watermark } };
    this.#say(id, epoch, { kind: 'member', member });
    this.#epoch = epoch;
    return Promise.resolve({ clock: '', now: this.#runtime.clock.mono() });
  }

  async leave(id: MemberReport['id'], { timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#say(id, this.#epoch, { kind: 'left', id });
    await Promise.race([this.#way?.line.flush(), this.#runtime.clock.sleep(timeoutMs)]);
  }

  invalidate(message: InvalidationMessage): Promise<RemoteReceipt> {
    return this.#ask('invalidate', message);
  }

  emit(event: SentEvent): Promise<RemoteReceipt> {
    return this.#ask('emit', event);
  }

  position(namespace: string, source: SourceId | undefined): Promise<Token> {
    return this.#ask('position', { namespace, source });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#way?.line.close();
  }

  async *#feed(line: Line, from: FeedFrom | null, signal: AbortSignal): AsyncGenerator<FeedFrame> {
    const inbox = new Inbox();
    void line.ended.then(() => {
      inbox.fail(new TidemarkError('DAEMON_HUNG_UP', this.place));
    });
    const { from: greeter, hello, place } = (await line.ask(this.#subjects.hello, from, HELLO_MS)) as HelloAnswer;
    this.#hear(line, inbox, signal, { greeter, epoch: hello.epoch });
    const messages = await line.follow(this.#address.stream, place.seq);
    this.#way = { line, greeter };
    this.#wake();
    yield { kind: 'hello', ...hello, clock: null };
    inbox.alive(hello.head);
    const gone = (place.first - 1) as Offset;
    if (gone > hello.after) yield { kind: 'gap', upTo: gone };
    const after = gone > hello.after ? gone : hello.after;
    void this.#read(messages, new LogReader({ epoch: hello.epoch, after, place }), inbox);
    yield* this.#pages(inbox, after, signal);
  }

  async *#pages(inbox: Inbox, after: Offset, signal: AbortSignal): AsyncGenerator<FeedFrame> {
    const { clock } = this.#runtime;
    let read: number = after;
    let behindSince: number | null = null;
    for (let page = await inbox.next(signal); page !== null; page = await inbox.next(signal)) {
      yield { kind: 'page', ...page };
      const last = page.entries.at(-1);
      read = last?.offset ?? read;
      if (last || page.head <= read) behindSince = null;
      else behindSince ??= clock.mono();
      if (behindSince !== null && clock.mono() - behindSince > LOG_SILENT_MS)
        throw new TidemarkError('DAEMON_HUNG_UP', `${this.place}: entry ${read + 1} does not come`);
    }
  }

  /** Only the words of relays are signs of life: without one, nothing is journaled, however many others are there. */
  #hear(line: Line, inbox: Inbox, signal: AbortSignal, { greeter, epoch }: Greeting): void {
    const { clock } = this.#runtime;
    const relays = {
      timeOf: (whose: string): Promise<FeedTime | null> =>
        line.ask(this.#subjects.time(whose), null, HELLO_MS).then(
          (time) => time as FeedTime,
          () => null,
        ),
    };
    const heard = new HeardProofs({ relays, runtime: this.#runtime, askEveryMs: ASK_TIME_EVERY_MS }, (proof) => {
      inbox.prove(proof);
    });
    let greeterAt = clock.mono();
    line.hear(this.#subjects.say, (said) => {
      const { from, epoch: whose, word } = said as SaidWord;
      // A word of another journal would prove what was never read here.
      if (whose !== epoch) return;
      if (from === greeter) greeterAt = clock.mono();
      if (clock.mono() - greeterAt > GREETER_MS || (from === greeter && word.kind === 'left'))
        inbox.fail(new TidemarkError('DAEMON_HUNG_UP', `${this.place}: the relay that was asked is gone`));
      else if (word.kind === 'proof') {
        heard.hear(word);
        inbox.alive(word.proof.at);
      } else if (word.kind === 'member' && word.member.role === 'relay')
        inbox.alive(Math.max(0, ...Object.values(word.member.watermarks)));
    });
    void heard.run(signal);
  }

  async #read(messages: AsyncIterable<LogMessage>, reader: LogReader, inbox: Inbox): Promise<void> {
    try {
      for await (const { seq, header, body } of messages) {
        inbox.add(reader.take(seq, header, body));
        while (inbox.held > HELD_MAX) await this.#runtime.clock.turn();
      }
      inbox.fail(new TidemarkError('DAEMON_HUNG_UP', `${this.place}: the log ends`));
    } catch (error) {
      inbox.fail(error);
    }
  }

  /**
   * Of the relay that has said the first words, as over HTTP: it is heard, so it does not hang. When it goes meanwhile, of the one that
   * says them next; when it is not able to just now, of any.
   */
  async #ask<T>(what: Asked, body: unknown): Promise<T> {
    const { clock } = this.#runtime;
    let isBusy = false;
    let failed: unknown;
    for (let attempt = 0; attempt < TRIES; attempt++) {
      if (attempt > 0) await clock.sleep(BETWEEN_MS);
      try {
        const { line, greeter } = await this.#fed();
        const subject = this.#subjects.ask(what, isBusy ? undefined : greeter);
        const answer = (await line.ask(subject, body, ANSWER_MS)) as FeedAnswer;
        if ('ok' in answer) return answer.ok as T;
        failed = refusalOf(answer, answer.status) ?? new TidemarkError('DAEMON_FOREIGN', this.place);
        if (answer.status !== 503) break;
        isBusy = true;
      } catch (error) {
        failed = error;
        if (this.#isClosed || !(error instanceof TidemarkError) || error.code !== 'DAEMON_UNREACHABLE') break;
      }
    }
    throw failed;
  }

  #say(from: string, epoch: Epoch, word: RelayWord): void {
    this.#way?.line.say(this.#subjects.fed, { from, epoch, word } satisfies SaidWord);
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
  }

  /**
   * The line that has been greeted, once there is one.
   *
   * @throws DAEMON_UNREACHABLE
   */
  async #fed(): Promise<Fed> {
    const { clock } = this.#runtime;
    if (!this.#way && !this.#isClosed)
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          cancel();
          this.#waiting.delete(wake);
          resolve();
        };
        const cancel = clock.after(FED_MS, wake);
        this.#waiting.add(wake);
      });
    if (!this.#way) throw new TidemarkError('DAEMON_UNREACHABLE', `at ${this.place}`);
    return this.#way;
  }
}
