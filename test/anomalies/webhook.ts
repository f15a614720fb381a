import { assert } from '../../src/errors.ts';
import type { Tidemark } from '../../src/index.ts';
import type { JsonValue } from '../../src/model/json.ts';
import { signers } from '../support/sign-webhooks.ts';
import { VirtualOrigin, type Change } from './origin.ts';

type Event = Change['events'][number];

const SECRET = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;

/** Changes that a vendor tells of by signed webhooks, each delivery with an id, in whatever order the test sends them. */
export class Webhook extends VirtualOrigin {
  readonly sources: Readonly<Record<string, JsonValue>> = {
    hook: { type: 'webhook', scheme: 'standard', secret: SECRET },
  };
  readonly proves = false;
  #waiting: Event[] = [];
  #deliveries = 0;

  announce({ events }: Change): void {
    this.#waiting.push(...events);
  }

  /** Takes what has not been sent yet, for tests that send it in their own order. */
  take(): Event[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  async deliver(tide: Tidemark, event: Event, id: string): Promise<void> {
    const body = Buffer.from(JSON.stringify({ type: event.type, ...(event.data as object) }));
    const now = this.runtime.clock.now();
    const headers = signers.standard({ body, secret: SECRET, at: now, id });
    const result = await tide.receive('hook', { method: 'POST', path: '/hook', headers, body, now });
    assert(result.ok, JSON.stringify(result));
    for (const { applied } of result.receipts) await applied;
  }

  async applied(tide: Tidemark): Promise<void> {
    for (const event of this.take()) await this.deliver(tide, event, `d-${String(++this.#deliveries)}`);
  }
}
