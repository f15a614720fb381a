import type { FedProof } from '../model/feed.ts';
import type { SourceId } from '../model/position.ts';

/** The newest proof of each source, for those who are fed from here, and who waits for newer ones. */
export class ProofBoard {
  readonly #proofs = new Map<SourceId, { readonly proof: FedProof; readonly number: number }>();
  readonly #waiting = new Set<() => void>();
  #posted = 0;

  /** How many have been posted: what to ask for newer ones by. */
  get posted(): number {
    return this.#posted;
  }

  post(proof: FedProof): void {
    this.#proofs.set(proof.source, { proof, number: ++this.#posted });
    for (const wake of this.#waiting) wake();
  }

  since(posted: number): readonly FedProof[] {
    return [...this.#proofs.values()].filter(({ number }) => number > posted).map(({ proof }) => proof);
  }

  /** Resolves when there are newer ones, or when the signal aborts. */
  beyond(posted: number, signal: AbortSignal): Promise<void> {
    if (this.#posted > posted || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
