import type { Asked, FeedHello } from '../../model/feed.ts';
import type { Epoch, Offset } from '../../model/position.ts';
import type { RelayWord } from '../relays.ts';

/**
 * What relays, and processes that are fed by the log, say to each other over plain subjects of NATS, which keep nothing:
 *
 *     STREAM.say          SaidWord
 *     STREAM.fed          SaidWord of a process that is fed: how far it is. Only relays listen
 *     STREAM.time.CLOCK   what time it is by a clock (its name in base64url): FeedTime
 *     STREAM.hello        FeedFrom or nothing -> HelloAnswer; every relay answers, the first answer counts
 *     STREAM.ask.WHAT     what to do for somebody -> FeedAnswer; any one relay answers
 *     STREAM.ask.WHAT.RELAY  the same of a certain one
 */
export function subjectsOf(stream: string): {
  readonly say: string;
  readonly fed: string;
  readonly hello: string;
  time(clock: string): string;
  ask(what: Asked, relay?: string): string;
} {
  return {
    say: `${stream}.say`,
    fed: `${stream}.fed`,
    hello: `${stream}.hello`,
    time: (clock) => `${stream}.time.${Buffer.from(clock).toString('base64url')}`,
    ask: (what, relay) => `${stream}.ask.${what}${relay === undefined ? '' : `.${relay}`}`,
  };
}

export interface SaidWord {
  /** Whose opening of the journal, or the id of a process. */
  readonly from: string;
  /** Of the journal: offsets of another one mean something else. */
  readonly epoch: Epoch;
  readonly word: RelayWord;
}

/** Where somebody reads on in the stream. */
export interface LogPlace {
  readonly seq: number;
  /** The writing before it that counts; absent: not known, the first whole one counts. */
  readonly last?: string | null;
  /** Entries before it are gone. */
  readonly first: Offset;
  /** Whoever says this has read up to here: what changed the journal's epoch before is known. */
  readonly known: number;
}

export interface HelloAnswer {
  /** Whose opening of the journal: as long as it is heard, what it said of itself holds. */
  readonly from: string;
  readonly hello: FeedHello;
  /** Where the entries behind `hello.after` are. */
  readonly place: LogPlace;
}
