import type { Observation } from '../index.ts';
import type { Clock } from '../runtime/runtime.ts';
import { euros, keyOf, type Product } from './product.ts';

/** One write, told step by step. Times are milliseconds since its commit; before it they are negative. */
export interface Story {
  readonly id: number;
  readonly productId: number;
  readonly title: string;
  /** Wall clock of its beginning. */
  readonly at: number;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly ms: number;
  readonly what: What;
  readonly text: string;
}

export type What =
  | 'prepared'
  | 'load began'
  | 'write committed'
  | 'event received'
  | 'planned'
  | 'evicted'
  | 'projection refreshed'
  | 'read in between'
  | 'fill refused'
  | 'fill stored'
  | 'next read'
  | 'plain map';

interface Open {
  readonly id: number;
  readonly productId: number;
  readonly title: string;
  readonly at: number;
  readonly startedAt: number;
  readonly steps: { readonly at: number; readonly what: What; readonly text: string }[];
  committedAt: number | null;
  eventId: string | null;
  offset: number | null;
  /** Layers that have it, and `projection`, `read`: each is told once. */
  readonly told: Set<string>;
}

/** What the page keeps in sight. */
const STORIES_MAX = 12;

/** Reads between commit and eviction that are told; they are allowed, `max_staleness` bounds them. */
const BETWEEN_MAX = 2;

/** Puts what is observed to the write that it comes from. */
export class Timeline {
  readonly #clock: Clock;
  readonly #stories: Open[] = [];
  readonly #listeners = new Set<(story: Story) => void>();
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Newest last. */
  get stories(): readonly Story[] {
    return this.#stories.map(told);
  }

  follow(listener: (story: Story) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  begin(productId: number, title: string): number {
    const id = ++this.#count;
    const startedAt = this.#clock.mono();
    this.#stories.push({
      id,
      productId,
      title,
      at: this.#clock.now(),
      startedAt,
      steps: [],
      committedAt: null,
      eventId: null,
      offset: null,
      told: new Set(),
    });
    if (this.#stories.length > STORIES_MAX) this.#stories.shift();
    return id;
  }

  /** The transaction of a story is committed; its event will carry this id. */
  committed(id: number, eventId: string, text: string): void {
    const story = this.#find(id);
    if (!story) return;
    story.committedAt = this.#clock.mono();
    story.eventId = eventId;
    this.#add(story, 'write committed', text, story.committedAt);
  }

  step(id: number, what: What, text: string): void {
    const story = this.#find(id);
    if (story) this.#add(story, what, text);
  }

  /** A reader got this product. The first fresh value after a commit ends the wait of its story. */
  read(product: Product, from: { readonly layer: string; readonly maxAgeMs: number; readonly tookMs: number }): void {
    const story = this.#stories.findLast((one) => one.productId === product.id && one.committedAt !== null);
    if (!story || story.told.has('read')) return;
    const hit = from.layer !== 'source';
    if (story.told.has('layer') && !hit) {
      story.told.add('read');
      this.#add(
        story,
        'next read',
        `${euros(product.priceCents)}, loaded from the source in ${from.tookMs.toFixed(0)} ms`,
      );
      return;
    }
    const between = story.steps.filter(({ what }) => what === 'read in between').length;
    if (!story.told.has('layer') && between < BETWEEN_MAX) {
      const where = hit
        ? `from ${from.layer}, proven no older than ${from.maxAgeMs.toFixed(0)} ms`
        : 'from the source, past the cache';
      this.#add(story, 'read in between', `${euros(product.priceCents)} ${where}`);
    }
  }

  observe({ type, fields }: Observation): void {
    switch (type) {
      case 'event:received':
        this.#received(fields);
        return;
      case 'plan':
        this.#planned(fields);
        return;
      case 'layer:applied':
        this.#applied(fields);
        return;
      case 'projection:refreshed':
        this.#refreshed(fields);
        return;
      case 'fill:refused':
        this.#refused(fields);
        return;
      default:
    }
  }

  #received(fields: Observation['fields']): void {
    const story = this.#stories.find((one) => one.eventId !== null && one.eventId === fields['id']);
    if (!story || typeof fields['offset'] !== 'number') return;
    story.offset = fields['offset'];
    this.#add(
      story,
      'event received',
      `${text(fields['type'])} from ${text(fields['source'])}, journal #${story.offset}`,
    );
  }

  #planned(fields: Observation['fields']): void {
    const story = this.#stories.find((one) => one.offset !== null && one.offset === fields['offset']);
    const { actions } = fields;
    if (story && Array.isArray(actions)) this.#add(story, 'planned', actions.join(', ') || 'nothing to do');
  }

  #applied(fields: Observation['fields']): void {
    const { layer, watermark } = fields;
    if (typeof layer !== 'string' || typeof watermark !== 'number') return;
    for (const story of this.#stories) {
      if (story.offset === null || story.offset > watermark || story.told.has(`layer ${layer}`)) continue;
      story.told.add('layer').add(`layer ${layer}`);
      this.#add(story, 'evicted', `layer ${layer}, watermark #${watermark}`);
    }
  }

  #refreshed(fields: Observation['fields']): void {
    const { projection, offset, tookMs } = fields;
    if (typeof offset !== 'number') return;
    for (const story of this.#stories) {
      if (story.offset === null || story.offset > offset || story.told.has('projection')) continue;
      story.told.add('projection');
      const took = typeof tookMs === 'number' ? `, took ${tookMs.toFixed(0)} ms` : '';
      this.#add(story, 'projection refreshed', `${text(projection)}${took}`);
    }
  }

  #refused(fields: Observation['fields']): void {
    const story = this.#stories.findLast((one) => keyOf(one.productId) === fields['key'] && one.committedAt !== null);
    if (!story) return;
    const stamp = typeof fields['stamp'] === 'number' ? `stamp #${fields['stamp']}` : 'its stamp';
    const at = typeof fields['endedAt'] === 'number' ? `#${fields['endedAt']}` : 'a later event';
    this.#add(
      story,
      'fill refused',
      `the late value was loaded with ${stamp}, and ${at} has ended the key since: not stored`,
    );
  }

  #find(id: number): Open | undefined {
    return this.#stories.find((story) => story.id === id);
  }

  #add(story: Open, what: What, words: string, at = this.#clock.mono()): void {
    story.steps.push({ at, what, text: words });
    const now = told(story);
    for (const listener of this.#listeners) listener(now);
  }
}

function told({ id, productId, title, at, startedAt, committedAt, steps }: Open): Story {
  const zero = committedAt ?? startedAt;
  return {
    id,
    productId,
    title,
    at,
    steps: steps.map((step) => ({ ms: step.at - zero, what: step.what, text: step.text })),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
