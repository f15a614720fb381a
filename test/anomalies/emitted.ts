import { assert } from '../../src/errors.ts';
import type { Tidemark } from '../../src/index.ts';
import type { JsonValue } from '../../src/model/json.ts';
import { VirtualOrigin, type Change } from './origin.ts';

/** Changes that the application itself announces, with `emit`. Their events wait here until `applied` sends them. */
export class Emitted extends VirtualOrigin {
  readonly sources: Readonly<Record<string, JsonValue>> = { app: { type: 'http' } };
  readonly proves = false;
  #waiting: Change['events'][number][] = [];

  announce({ events }: Change): void {
    this.#waiting.push(...events);
  }

  /** Takes what has not been sent yet, for tests that deliver it in their own order. */
  take(): Change['events'][number][] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  async applied(tide: Tidemark): Promise<void> {
    for (const event of this.take()) {
      const layers = await tide.emit(event).applied;
      assert(
        Object.values(layers).every((result) => result === 'applied'),
        JSON.stringify(layers),
      );
    }
  }
}
