import { FEED_BEAT_MS, fedEntry, type FeedFrame } from '../model/feed.ts';
import type { Offset } from '../model/position.ts';
import type { Engine } from './engine.ts';

/** Entries of a frame: a few hundred kilobytes of it at most. */
const PAGE = 500;
/**
 * Between two pages for those who keep up. What comes alone goes at once; of a stream, each page costs every process that is fed and
 * the daemon as much as several entries do, so it waits for company for as long as nobody notices.
 */
const SPACING_MS = 2;

type Paged = Pick<Engine, 'journal' | 'proofs' | 'runtime'>;

/** What somebody is told next, and where that brings them. */
export interface FedPage {
  readonly frames: readonly FeedFrame[];
  readonly cursor: Offset;
  readonly posted: number;
}

/**
 * The pages of a journal for those who are fed. Nearly all of them keep up and want the same page at the same time, so it is read
 * and made once: the very same frames, for whoever writes them down to notice.
 */
export class FeedPages {
  readonly #engine: Paged;
  #made: { readonly at: string; readonly page: Promise<FedPage> } | null = null;
  #mayGoAt = -Infinity;
  #pause: Promise<void> | null = null;

  constructor(engine: Paged) {
    this.#engine = engine;
  }

  /** For somebody who has been told everything at or below `cursor`, and the proofs up to `posted`. */
  next(cursor: Offset, posted: number): Promise<FedPage> {
    const { journal, proofs } = this.#engine;
    const at = `${journal.identity.epoch} ${journal.first} ${journal.head} ${proofs.posted} ${cursor} ${posted}`;
    if (this.#made?.at !== at) {
      const page = this.#make(cursor, posted);
      this.#made = { at, page };
      // What could not be read is read again by whoever asks next.
      page.catch(() => {
        if (this.#made?.page === page) this.#made = null;
      });
    }
    return this.#made.page;
  }

  /** Resolves when there is something to tell, or it is time to say that one lives. */
  async news({ cursor, posted }: FedPage, stop: AbortSignal): Promise<void> {
    const { journal, proofs, runtime } = this.#engine;
    const enough = new AbortController();
    const end = (): void => {
      // With a reason: the one that is made otherwise has a stack, which costs more than the waiting.
      enough.abort('enough');
    };
    const cancel = runtime.clock.after(FEED_BEAT_MS, end);
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted) end();
    await Promise.race([journal.changed(cursor, enough.signal), proofs.beyond(posted, enough.signal)]);
    cancel();
    stop.removeEventListener('abort', end);
    end();
    await this.#spaced();
  }

  async #make(cursor: Offset, posted: number): Promise<FedPage> {
    const { journal, proofs, runtime } = this.#engine;
    const frames: FeedFrame[] = [];
    const entries = await journal.read(cursor, PAGE);
    const gone = Math.max(entries[0]?.offset ?? 0, journal.first) - 1;
    if (gone > cursor) frames.push({ kind: 'gap', upTo: (cursor = gone as Offset) });
    // Taken before the page goes out: what is posted meanwhile comes with the next.
    const newest = proofs.since(posted);
    const fed = entries.filter(({ offset }) => offset > cursor).map(fedEntry);
    if (fed.length > 0) this.#mayGoAt = runtime.clock.mono() + SPACING_MS;
    frames.push({ kind: 'page', entries: fed, proofs: newest, head: journal.head });
    return { frames, cursor: fed.at(-1)?.offset ?? cursor, posted: proofs.posted };
  }

  /** All who wait go on in the same turn, so that they want the same page. */
  #spaced(): Promise<void> {
    const { clock } = this.#engine.runtime;
    if (this.#pause) return this.#pause;
    const wait = this.#mayGoAt - clock.mono();
    if (wait <= 0) return Promise.resolve();
    this.#pause = clock.sleep(wait).then(() => {
      this.#pause = null;
    });
    return this.#pause;
  }
}
