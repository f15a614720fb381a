import { Waiting } from '../journal/waiting.ts';
import type { FedProof } from '../model/feed.ts';
import type { SourceId } from '../model/position.ts';

/** The newest proof of each source, for those who are fed from here, and who waits for newer ones. */
export class ProofBoard {
  readonly #proofs = new Map<SourceId, { readonly proof: FedProof; readonly number: number }>();
  readonly #waiting = new Waiting();
  #posted = 0;

  /** How many have been posted: what to ask for newer ones by. */
  get posted(): number {
    return this.#posted;
  }

  post(proof: FedProof): void {
    this.#proofs.set(proof.source, { proof, number: ++this.#posted });
    this.#waiting.moved(this.#posted);
  }

  since(posted: number): readonly FedProof[] {
    return [...this.#proofs.values()].filter(({ number }) => number > posted).map(({ proof }) => proof);
  }

  /** Resolves when there are newer ones, or when the signal aborts. */
  beyond(posted: number, signal: AbortSignal): Promise<void> {
    return this.#waiting.beyond(posted, this.#posted, signal);
  }
}
