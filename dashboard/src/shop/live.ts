import type { RaceResult } from '../../../src/demo/race.ts';
import type { View } from '../../../src/demo/reader.ts';
import type { ShopState } from '../../../src/demo/server.ts';
import type { Story } from '../../../src/demo/timeline.ts';
import { getJson, postJson } from '../daemon/api.ts';
import { follow } from '../daemon/stream.ts';
import { now, shown, sleep } from '../time.ts';

export interface Shown {
  readonly shop: ShopState | null;
  /** Newest first. */
  readonly stories: readonly Story[];
  readonly reading: boolean;
  readonly goneSince: number | null;
  readonly race: RaceResult | null;
  readonly racing: boolean;
  readonly error: string | null;
}

const READ_EVERY_MS = 1_000;
const TIMEOUT_MS = 4_000;
const STORIES_MAX = 12;

/** The page's connection to its shop: reads every product once a second, and follows the stories of writes. */
export class ShopLive {
  #shown: Shown = { shop: null, stories: [], reading: true, goneSince: null, race: null, racing: false, error: null };
  readonly #listeners = new Set<() => void>();
  readonly #closed = new AbortController();

  get shown(): Shown {
    return this.#shown;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    const { signal } = this.#closed;
    void this.#poll(signal);
    void follow({
      path: () => 'api/stories',
      lastId: null,
      onMessage: (data) => {
        this.#take(data as Story);
      },
      signal,
    });
  }

  keepReading(reading: boolean): void {
    this.#set({ reading });
  }

  async change(id: number, change: { priceCents?: number; category?: string }): Promise<void> {
    await this.#attempt(() => postJson(`api/products/${String(id)}`, change));
  }

  async race(productId: number): Promise<void> {
    this.#set({ racing: true, race: null });
    await this.#attempt(async () => {
      this.#set({ race: await postJson<RaceResult>('api/race', { productId }) });
      await this.#read(productId);
    });
    this.#set({ racing: false });
  }

  async cutFeed(cut: boolean): Promise<void> {
    await this.#attempt(() => postJson('api/feed', { cut }));
    await this.#readAll(this.#closed.signal);
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.#set({ error: null });
    } catch (error) {
      this.#set({ error: error instanceof Error ? error.message : String(error) });
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await shown(signal);
      if (this.#shown.reading || this.#shown.shop === null) await this.#readAll(signal);
      await sleep(READ_EVERY_MS, signal);
    }
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    try {
      const shop = await getJson<ShopState>('api/shop', AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
      // What is being raced is not read; what was read of it last stays in sight.
      const kept = this.#shown.shop?.views.filter(({ product }) => product.id === shop.racing) ?? [];
      const views = [...shop.views, ...kept].sort((a, b) => a.product.id - b.product.id);
      this.#set({ shop: { ...shop, views }, goneSince: null });
    } catch {
      this.#set({ goneSince: this.#shown.goneSince ?? now() });
    }
  }

  /** As soon as a layer has evicted, somebody reads: the first fresh read is part of the story. */
  #take(story: Story): void {
    const stories = [story, ...this.#shown.stories.filter(({ id }) => id !== story.id)].sort((a, b) => b.id - a.id);
    this.#set({ stories: stories.slice(0, STORIES_MAX) });
    if (story.steps.at(-1)?.what === 'evicted') void this.#read(story.productId);
  }

  async #read(id: number): Promise<void> {
    try {
      const view = await getJson<View | null>(`api/products/${String(id)}`);
      const { shop } = this.#shown;
      // No view: a race is on about it.
      if (!shop || !view) return;
      const views = shop.views.map((one) => (one.product.id === id ? view : one));
      this.#set({ shop: { ...shop, views } });
    } catch {
      // The next round tells.
    }
  }

  #set(change: Partial<Shown>): void {
    this.#shown = { ...this.#shown, ...change };
    for (const listener of this.#listeners) listener();
  }
}
