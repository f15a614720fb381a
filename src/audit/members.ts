import type { StoredEntry } from '../layers/memory/store.ts';

/** Tags remembered, and keys of each: an event's tag is followed by way of examples, not by all that carried it. */
const TAGS_MAX = 10_000;
const KEYS_MAX = 8;

/**
 * Which keys were lately filled under which tag. The store itself keeps no lists of members, so that a purge is one
 * assignment; this remembers a few of the newest for each tag, the tags that were filled longest ago going first.
 */
export class Members {
  readonly #keys = new Map<string, string[]>();

  note({ key, marks }: StoredEntry): void {
    for (const { tag } of marks) {
      const keys = this.#keys.get(tag) ?? [];
      this.#keys.delete(tag);
      if (!keys.includes(key)) keys.push(key);
      if (keys.length > KEYS_MAX) keys.shift();
      this.#keys.set(tag, keys);
    }
    while (this.#keys.size > TAGS_MAX) {
      const [oldest] = this.#keys.keys();
      if (oldest === undefined) return;
      this.#keys.delete(oldest);
    }
  }

  of(tag: string): readonly string[] {
    return this.#keys.get(tag) ?? [];
  }
}
