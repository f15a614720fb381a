import { z } from 'zod';
import { loadConfig } from '../../src/config/load.ts';
import type { Cache } from '../../src/client/cache.ts';
import { layerKinds } from '../../src/layers/index.ts';
import type { JsonObject, JsonValue } from '../../src/model/json.ts';
import type { Position, Resume } from '../../src/model/position.ts';
import type { Receipt } from '../../src/operations.ts';
import { virtualRuntime, type VirtualRuntime } from '../../src/runtime/virtual.ts';
import { cacheOf } from '../../src/service/cache-of.ts';
import { Engine } from '../../src/service/engine.ts';
import { SharedJournal, type SharedFaults, type SharedOpening } from '../../src/sim/shared-journal.ts';
import type { SourceItem, SourceKind } from '../../src/sources/source.ts';

const STEP_MS = 10;
/** How often a source that is read proves. */
const PROVE_MS = 100;

/** One engine with a clock of its own: paused, its time stands still and nothing reaches it. */
export interface Relay {
  readonly engine: Engine;
  readonly runtime: VirtualRuntime;
  readonly opening: SharedOpening;
  /** Of the transactions that its source was told to forget, the newest. */
  readonly acknowledged: readonly Position[];
  paused: boolean;
}

/** A row that changes, and relays that read its changes and journal them in one journal. */
export class RelayWorld {
  readonly shared: SharedJournal;
  readonly relays: Relay[] = [];
  /** What the row was at each commit, the first of them at its start. */
  readonly row: number[] = [0];
  readonly #runtime = virtualRuntime();
  #seed = 1;

  constructor(faults: SharedFaults = {}) {
    this.shared = new SharedJournal(this.#runtime, faults);
  }

  commit(value: number): void {
    this.row.push(value);
  }

  get now(): number {
    return this.row.at(-1) ?? 0;
  }

  async start(config: JsonObject = {}): Promise<Relay> {
    // Clocks of two machines have nothing to do with each other.
    const runtime = virtualRuntime(++this.#seed);
    runtime.clock.stall(this.#seed * 100_000);
    const opening = this.shared.open(runtime);
    const acknowledged: Position[] = [];
    const kinds = {
      sources: [this.#kind(runtime, acknowledged)],
      journals: [{ type: 'shared', summary: '', options: z.unknown(), open: () => Promise.resolve(opening) }],
      layers: layerKinds,
    };
    const { config: loaded, findings } = loadConfig({ object: { ...CONFIG, ...config }, kinds });
    if (!loaded) throw new Error(JSON.stringify(findings));
    const engine = await Engine.start({ config: loaded, runtime, refreshes: {}, kinds });
    const relay: Relay = { engine, runtime, opening, acknowledged, paused: false };
    this.relays.push(relay);
    return relay;
  }

  cache(relay: Relay): Cache<JsonValue, Receipt> {
    return cacheOf(relay.engine, 'row') as Cache<JsonValue, Receipt>;
  }

  /** The value that a reader of this relay gets now, and whether it was loaded for it. */
  async get(relay: Relay): Promise<{ readonly value: JsonValue; readonly loaded: boolean }> {
    let loaded = false;
    const factory = (): number => {
      loaded = true;
      return this.now;
    };
    const value = await this.cache(relay).getOrSet({ key: 'row:1', factory });
    return { value, loaded };
  }

  pause(relay: Relay): void {
    relay.paused = true;
    relay.opening.cut();
  }

  /** What it has slept through is there at once. */
  async wake(relay: Relay, sleptMs: number): Promise<void> {
    relay.paused = false;
    relay.runtime.clock.stall(sleptMs);
    relay.opening.mend();
    await this.pass(STEP_MS);
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.#runtime.clock.advance(STEP_MS);
      for (const { runtime, paused } of this.relays) if (!paused) await runtime.clock.advance(STEP_MS);
    }
  }

  /** How long it takes, in steps. */
  async until(holds: () => boolean): Promise<number> {
    let ms = 0;
    for (; !holds() && ms < 60_000; ms += STEP_MS) await this.pass(STEP_MS);
    if (!holds()) throw new Error('it does not come to be');
    return ms;
  }

  async close(): Promise<void> {
    for (const relay of this.relays) relay.opening.mend();
    const closed = this.relays.map(({ engine }) => engine.close());
    for (const relay of this.relays) relay.paused = false;
    await this.pass(6_000);
    await Promise.all(closed);
  }

  #kind({ clock }: VirtualRuntime, acknowledged: Position[]): SourceKind {
    const { row } = this;
    async function* open(after: Resume | null, signal: AbortSignal): AsyncIterable<SourceItem> {
      let next = after === null ? 1 : Number(after.position) + 1;
      while (!signal.aborted) {
        const t0 = clock.mono();
        for (; next < row.length; next++) {
          const events = [{ id: `${next}`, source: 'db', type: 'row.updated', data: { id: 1, version: next } }];
          const position = positionOf(next);
          const batch = { source: 'db', epoch: 'e', position, first: 0, commit: true, events, receivedAt: clock.now() };
          yield { kind: 'batch', batch };
        }
        yield { kind: 'proof', t0, upTo: { epoch: 'e', position: positionOf(next - 1) } };
        await clock.sleep(PROVE_MS, signal);
      }
    }
    return {
      type: 'scripted',
      summary: '',
      options: z.unknown(),
      can: { order: true, replay: true, prove: true },
      open: () =>
        Promise.resolve({
          open,
          ack: (position: Position) => {
            acknowledged.push(position);
            return Promise.resolve();
          },
          report: () => ({ state: 'streaming' as const }),
          close: () => Promise.resolve(),
        }),
    };
  }
}

function positionOf(n: number): Position {
  return String(n).padStart(8, '0') as Position;
}

export const contract = (name: string): JsonObject => ({
  name,
  trigger: 'row.updated',
  actions: [{ delete_key: 'row:{id}' }, { purge_tag: name }],
});

const CONFIG = {
  version: 1,
  journal: { type: 'shared' },
  sources: { db: { type: 'scripted' } },
  namespaces: { row: { ttl: '1h', max_staleness: '1s', sources: ['db'] } },
  contracts: [contract('row')],
};
