import type { FedEntry, FedProof, FeedPage } from '../../model/feed.ts';
import { ORIGIN, type SourceId, type Offset } from '../../model/position.ts';

/** Entries of a page, so that readers get their turn in between. */
const PAGE = 500;

/** What has come, from the log and from relays, until it is taken as pages. */
export class Inbox {
  #entries: FedEntry[] = [];
  readonly #proofs = new Map<SourceId, FedProof>();
  #head: Offset = ORIGIN;
  #isNews = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;

  /** Entries that nobody has taken yet. */
  get held(): number {
    return this.#entries.length;
  }

  add(entries: readonly FedEntry[]): void {
    const last = entries.at(-1);
    if (!last) return;
    for (const entry of entries) this.#entries.push(entry);
    this.alive(last.offset);
  }

  prove(proof: FedProof): void {
    this.#proofs.set(proof.source, proof);
    this.alive(proof.at);
  }

  /** Somebody who journals has said that the journal is as long as this. */
  alive(head: number): void {
    if (head > this.#head) this.#head = head as Offset;
    this.#isNews = true;
    this.#wake();
  }

  /** Nothing comes any more. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wake();
  }

  /** The next page, once there is something to tell; `null` when the signal has aborted. Throws what the inbox has failed with. */
  async next(signal: AbortSignal): Promise<FeedPage | null> {
    if (!this.#isNews) await this.#news(signal);
    if (signal.aborted) return null;
    if (this.#failure && this.#entries.length === 0) throw this.#failure.error;
    const entries = this.#entries.splice(0, PAGE);
    this.#isNews = this.#entries.length > 0;
    const proofs = [...this.#proofs.values()];
    this.#proofs.clear();
    return { entries, proofs, head: this.#head };
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake = () => undefined;
        signal.removeEventListener('abort', wake);
        resolve();
      };
      if (signal.aborted || this.#failure) {
        resolve();
        return;
      }
      this.#wake = wake;
      signal.addEventListener('abort', wake);
    });
  }
}
