import type { SeededRandom } from '../../src/runtime/virtual.ts';

/** What a sender knows of an event that it was answered for. */
export interface Acknowledged {
  readonly id: string;
  readonly product: number;
  /** Of the last event that was answered together with it. */
  readonly offset: number;
  /** How many were. */
  readonly together: number;
}

interface Sent {
  readonly id: string;
  readonly product: number;
}

const PRODUCTS = 20;

/**
 * Senders that change a truth and announce each change over HTTP, and readers that cache it through the daemon with
 * loads of random length. A sender that gets no answer knows nothing: it sends the same events again, as an outbox
 * would, until it is answered.
 */
export class Traffic {
  /** Every event that was answered with 2xx, by id, in the order of the answers. */
  readonly acknowledged = new Map<string, Acknowledged>();
  /** The version of each product in the source of truth. */
  readonly #truth = new Map<number, number>();
  /** Per product the version as of which an answer said that every layer has applied the change. */
  readonly #applied = new Map<number, number>();
  readonly #random: SeededRandom;
  #made = 0;
  /** Sent and not answered: in doubt. */
  #doubtful: Sent[][] = [];
  reads = 0;
  hits = 0;
  refusedFills = 0;
  resent = 0;
  /** Hits that were older than what had been applied before they were asked for. There must be none. */
  readonly stale: string[] = [];
  /** Answers that no sender should get. */
  readonly surprises: string[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  get inDoubt(): number {
    return this.#doubtful.flat().length;
  }

  /** Keeps sending and reading until the signal aborts or the daemon is gone. */
  async run(
    url: string,
    signal: AbortSignal,
    options: { readonly senders: number; readonly readers: number },
  ): Promise<void> {
    const parties = [
      ...Array.from({ length: options.senders }, () => this.#send(url, signal)),
      ...Array.from({ length: options.readers }, () => this.#read(url, signal)),
    ];
    await Promise.all(parties);
  }

  /** Sends everything in doubt again, to a daemon that is up. */
  async settle(url: string): Promise<void> {
    for (const events of this.#doubtful.splice(0)) {
      this.resent += events.length;
      if (!(await this.#post(url, events, false))) throw new Error('a daemon that is up did not answer');
    }
  }

  async #send(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Mostly one event, now and then a batch.
      const count = this.#random.next() < 0.8 ? 1 : 2 + Math.floor(this.#random.next() * 19);
      const events = Array.from({ length: count }, () => this.#change());
      if (!(await this.#post(url, events, this.#random.next() < 0.3))) return;
    }
  }

  /** The change is committed first, then announced, so an announcement is never ahead of the truth. */
  #change(): Sent {
    const product = Math.floor(this.#random.next() * PRODUCTS);
    this.#truth.set(product, this.version(product) + 1);
    return { id: `e-${String(this.#made++)}`, product };
  }

  version(product: number): number {
    return this.#truth.get(product) ?? 0;
  }

  /** Returns whether it was answered. */
  async #post(url: string, events: readonly Sent[], wait: boolean): Promise<boolean> {
    const versions = events.map(({ product }) => this.version(product));
    let answer: { offset: number; events: { offset: number }[]; layers: Record<string, string> };
    try {
      const response = await fetch(`${url}/v1/events${wait ? '?wait=all' : ''}`, {
        method: 'POST',
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify(events.map(cloudEvent)),
      });
      const text = await response.text();
      if (!response.ok) {
        // 503 is what a daemon that is shutting down says; nothing of it was taken.
        if (response.status !== 503) this.surprises.push(`${String(response.status)} ${text}`);
        this.#doubtful.push([...events]);
        return false;
      }
      answer = JSON.parse(text) as typeof answer;
    } catch {
      this.#doubtful.push([...events]);
      return false;
    }
    for (const { id, product } of events)
      this.acknowledged.set(id, { id, product, offset: answer.offset, together: events.length });
    if (wait && answer.layers['local'] === 'applied') {
      events.forEach(({ product }, index) => {
        this.#applied.set(product, Math.max(this.#applied.get(product) ?? 0, versions[index] ?? 0));
      });
    }
    return true;
  }

  async #read(url: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const product = Math.floor(this.#random.next() * PRODUCTS);
      try {
        await this.#readOne(url, product);
      } catch {
        // The daemon is gone; what was not stored is nobody's loss.
        return;
      }
    }
  }

  async #readOne(url: string, product: number): Promise<void> {
    const path = `${url}/v1/cache/product/${encodeURIComponent(`product:${String(product)}`)}`;
    const atLeast = this.#applied.get(product) ?? 0;
    const found = await fetch(path);
    const body = (await found.json()) as { value?: number; stamp: number };
    this.reads++;
    if (found.ok) {
      this.hits++;
      if ((body.value ?? -1) < atLeast) {
        this.stale.push(
          `product ${String(product)}: version ${String(body.value)}, but ${String(atLeast)} had been applied`,
        );
      }
      return;
    }
    const value = this.version(product);
    // A slow load: the value was read, and events overtake it before it is stored.
    const turns = Math.floor(this.#random.next() * 20);
    for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
    const filled = await fetch(path, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ value, tags: [`product-${String(product)}`], stamp: body.stamp }),
    });
    await filled.arrayBuffer();
    if (filled.status === 409) this.refusedFills++;
    else if (!filled.ok) this.surprises.push(`fill: ${String(filled.status)}`);
  }
}

export function cloudEvent({ id, product }: Sent): object {
  return { specversion: '1.0', id, source: 'shop', type: 'product.updated', data: { product_id: product } };
}
