import { TidemarkError } from '../../src/errors.ts';
import type { DeadLetter, Entry } from '../../src/model/entry.ts';
import type { ChangeEvent } from '../../src/model/event.ts';
import type { FeedFrame, FeedFrom, FeedTime } from '../../src/model/feed.ts';
import type { JsonValue } from '../../src/model/json.ts';
import type { Token } from '../../src/model/token.ts';
import type { MemberReport, MemberResult, TimeQuestion } from '../../src/model/member.ts';
import type { LayerResults, RelayStatus } from '../../src/model/status.ts';
import type { Offset } from '../../src/model/position.ts';
import type { CacheFill, Observation, Operations, Receipt, ReplayReport } from '../../src/operations.ts';
import { createMetrics } from '../../src/runtime/metrics.ts';
import type { RawRequest } from '../../src/sources/source.ts';

/** Never aborts: for promises that are to stay open. */
const never = new Promise<never>(() => undefined);

/** An in-memory stand-in for the service, small enough to be read at once; tests reach into what it keeps. */
export class FakeOperations implements Operations {
  readonly metrics = createMetrics();
  readonly eventSource: string = 'app';
  readonly bodyBytesMax: ReadonlyMap<string, number> = new Map();
  readonly journal: Entry[] = [];
  readonly letters = new Map<number, DeadLetter>();
  readonly cache = new Map<string, { readonly fill: CacheFill; readonly at: number }>();
  readonly ended = new Map<string, Offset>();
  readonly received: RawRequest[] = [];
  readonly listeners = new Set<(observation: Observation) => void>();
  /** What replays were asked for. */
  readonly replays: Parameters<Operations['replay']>[0][] = [];
  readonly #wakers = new Set<() => void>();
  /** Results of the layers; a promise holds `applied` open. */
  layersApplied: Promise<LayerResults> = Promise.resolve({ local: 'applied' });
  layersNow: LayerResults = { local: 'applied' };
  ready = true;
  reasons: readonly string[] = ['source shop-db has not started'];
  /** Absent: this daemon is alone. */
  relays: RelayStatus | undefined;
  /** Thrown by `receive`. */
  refusal: Error | null = null;
  /** Proven age of what the cache holds. */
  ageMs = 1_500.2;
  trimmedBelow = 1;
  reloadOk = true;
  /** Thrown by `status`, to see what an unexpected error is answered with. */
  failure: Error | null = null;
  /** Holds replays open until it resolves. */
  replayGate: Promise<void> = Promise.resolve();

  /** What the feed tells, and what it was asked for. */
  frames: readonly FeedFrame[] = [];
  readonly feedsFrom: (FeedFrom | null)[] = [];
  readonly reports: MemberReport[] = [];
  readonly leavers: string[] = [];
  /** What the caches of other processes have come to. */
  others: readonly MemberResult[] = [];

  // eslint-disable-next-line @typescript-eslint/require-await -- as the service's own
  async *feed(from: FeedFrom | null): AsyncIterable<FeedFrame> {
    this.feedsFrom.push(from);
    yield* this.frames;
  }

  position(namespace: string, source = 'app'): Promise<Token> {
    return Promise.resolve(`t1.${namespace}.${source}` as Token);
  }

  feedTime(question: TimeQuestion): Promise<FeedTime> {
    if (question.id === 'one too many') return Promise.reject(new TidemarkError('MEMBERS_FULL', question.name));
    this.reports.push(question);
    return Promise.resolve({ clock: 'c', now: 1_234.5 });
  }

  feedLeft(id: string): void {
    this.leavers.push(id);
  }

  get head(): Offset {
    return this.journal.length as Offset;
  }

  get first(): Offset {
    return this.trimmedBelow as Offset;
  }

  append(type: string, data: JsonValue = {}, id = `e${String(this.journal.length + 1)}`): Entry {
    const offset = (this.journal.length + 1) as Offset;
    const event: ChangeEvent = { id, type, source: 'app', data };
    const plan = { contractHash: 'hash', actions: [], problems: [] };
    const entry = { offset, source: 'app', epoch: '1', position: null, commit: true, event, plan, receivedAt: 1 };
    this.journal.push(entry);
    for (const wake of [...this.#wakers]) wake();
    return entry;
  }

  status(): ReturnType<Operations['status']> {
    if (this.failure) throw this.failure;
    return {
      version: '0.0.0',
      startedAt: 1,
      now: 2,
      ready: this.ready,
      reasons: this.ready ? [] : this.reasons,
      contracts: { count: 0, hash: 'hash' },
      journal: { type: 'memory', durable: false, head: this.head, first: this.first, entries: this.journal.length },
      sources: [],
      layers: [],
      namespaces: [],
      projections: [],
      deadLetters: this.letters.size,
      ...(this.relays && { relays: this.relays }),
    };
  }

  /** Takes CloudEvents as one JSON object or an array of them; the real receivers are tested where they live. */
  receive(source: string, request: RawRequest): ReturnType<Operations['receive']> {
    this.received.push(request);
    if (this.refusal) return Promise.reject(this.refusal);
    if (source === 'missing') {
      return Promise.resolve({ ok: false, status: 404, code: 'SOURCE_UNKNOWN', message: `no source ${source}` });
    }
    if (request.method === 'OPTIONS') {
      const headers = { 'webhook-allowed-origin': '*', allow: 'POST' };
      return Promise.resolve({ ok: false, status: 200, code: 'HANDSHAKE', message: '', headers });
    }
    if (request.headers['x-signature'] === 'forged') {
      return Promise.resolve({ ok: false, status: 401, code: 'SIGNATURE_WRONG', message: 'the signature is wrong' });
    }
    const events = eventsOf(request.body);
    if (!events) return Promise.resolve({ ok: false, status: 400, code: 'EVENT_INVALID', message: 'not an event' });
    return Promise.resolve({ ok: true, receipts: events.map(({ id, type }) => this.#receipt(type, id)) });
  }

  invalidate(message: Parameters<Operations['invalidate']>[0]): Promise<Receipt> {
    if (message.namespace === 'missing') return Promise.reject(new TidemarkError('NAMESPACE_UNKNOWN', 'missing'));
    const receipt = this.#receipt('tidemark.invalidation', undefined, message as unknown as JsonValue);
    for (const key of message.keys ?? []) {
      this.ended.set(key, receipt.offset);
      for (const held of this.cache.keys()) if (held.endsWith(` ${key}`)) this.cache.delete(held);
    }
    return Promise.resolve(receipt);
  }

  #receipt(type: string, id?: string, data?: JsonValue): Receipt {
    const before = this.journal.find(({ event }) => event.id === id);
    const { offset } = before ?? this.append(type, data, id);
    return {
      offset,
      duplicate: before !== undefined,
      layers: () => this.layersNow,
      applied: this.layersApplied,
      processes: () => this.others,
      everywhere: async () => {
        this.layersNow = await this.layersApplied;
      },
    };
  }

  preview(event: Parameters<Operations['preview']>[0]): ReturnType<Operations['preview']> {
    const { type, source = 'app', data = null } = event;
    return {
      event: { type, source, data },
      plan: { contractHash: 'hash', actions: [], problems: [] },
      layers: [],
      matched: [],
    };
  }

  explain(key: string): ReturnType<Operations['explain']> {
    return Promise.resolve({ key, endedBy: [], last: [], searched: this.journal.length, held: [], absent: [] });
  }

  contracts(): ReturnType<Operations['contracts']> {
    const action = { kind: 'delete_key', template: 'product:{product_id}' } as const;
    return [{ name: 'c1', file: 'c.yaml', line: 1, triggers: ['product.updated'], actions: [action] }];
  }

  entries(after: Offset, limit: number): Promise<readonly Entry[]> {
    const left = this.journal.filter(({ offset }) => offset > after && offset >= this.trimmedBelow);
    return Promise.resolve(left.slice(0, limit));
  }

  async *follow(after: Offset, signal: AbortSignal): AsyncIterable<readonly Entry[]> {
    let cursor = after;
    while (!signal.aborted) {
      const entries = await this.entries(cursor, 100);
      const last = entries.at(-1);
      if (last) {
        cursor = last.offset;
        yield entries;
      } else await this.#changed(signal);
    }
  }

  #changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#wakers.delete(done);
        resolve();
      };
      this.#wakers.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  observe(listener: (observation: Observation) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(type: Observation['type'], fields: Observation['fields'] = {}): void {
    for (const listener of this.listeners) listener({ type, at: 1, fields });
  }

  putLetter(id: number): void {
    const cause = { stage: 'layer:local', code: 'LAYER_DOWN', message: 'refused' };
    this.letters.set(id, { id, offset: null, source: 'app', ...cause, event: null, action: null, attempts: 3, at: 1 });
  }

  deadLetters({ after = 0, limit = 100 }: { after?: number; limit?: number }): Promise<readonly DeadLetter[]> {
    return Promise.resolve([...this.letters.values()].filter(({ id }) => id > after).slice(0, limit));
  }

  deadLetter(id: number): Promise<DeadLetter | null> {
    return Promise.resolve(this.letters.get(id) ?? null);
  }

  /** Even numbers succeed. */
  retryDeadLetter(id: number): Promise<{ readonly ok: boolean; readonly message: string }> {
    const ok = id % 2 === 0;
    if (ok) this.letters.delete(id);
    return Promise.resolve({ ok, message: ok ? 'done' : 'the layer still refuses' });
  }

  discardDeadLetter(id: number): Promise<boolean> {
    return Promise.resolve(this.letters.delete(id));
  }

  async replay(request: Parameters<Operations['replay']>[0]): Promise<ReplayReport> {
    this.replays.push(request);
    const report = { scanned: this.head, matched: this.head, replayed: 0, actions: {} };
    request.onProgress?.({ ...report, cancelled: false });
    const aborted = new Promise<void>((resolve) => {
      request.signal?.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    });
    await Promise.race([this.replayGate, aborted]);
    return { ...report, replayed: this.head, cancelled: request.signal?.aborted ?? false };
  }

  cacheGet(namespace: string, key: string): ReturnType<Operations['cacheGet']> {
    if (namespace === 'missing') return Promise.reject(new TidemarkError('NAMESPACE_UNKNOWN', namespace));
    const held = this.cache.get(`${namespace} ${key}`);
    const why = { kind: 'absent', how: 'unknown', end: null } as const;
    if (!held) return Promise.resolve({ found: false, stamp: this.head, reason: 'not held', why });
    const { value, tags } = held.fill;
    const known = { asOf: held.at, ageMs: 1_501, by: 'load' } as const;
    const fresh = { kind: 'fresh', known, boundMs: 2_000 } as const;
    const told = { asOf: held.at, maxAgeMs: this.ageMs, trust: 'fresh', reason: 'just loaded', why: fresh };
    return Promise.resolve({ found: true, value, tags, ...told });
  }

  cachePut(namespace: string, key: string, fill: CacheFill): ReturnType<Operations['cachePut']> {
    if (fill.stamp > this.head) throw new TidemarkError('STAMP_INVALID', String(fill.stamp));
    if (fill.stamp < (this.ended.get(key) ?? 0)) return { stored: false, reason: 'the key was invalidated since' };
    this.cache.set(`${namespace} ${key}`, { fill, at: 1 });
    return { stored: true };
  }

  reload(): ReturnType<Operations['reload']> {
    const place = { file: 'c.yaml', line: 3, column: 5 };
    const words = { what: 'unknown action', why: 'it is not one of ours', fix: 'did you mean delete_key?' };
    const finding = { severity: 'error', code: 'ACTION_UNKNOWN', ...place, ...words } as const;
    return Promise.resolve({ ok: this.reloadOk, findings: this.reloadOk ? [] : [finding] });
  }

  /** From now on layers never finish. */
  stallLayers(): void {
    this.layersNow = { local: 'queued' };
    this.layersApplied = never;
  }
}

function eventsOf(body: Uint8Array): readonly { readonly id: string; readonly type: string }[] | null {
  try {
    const events = [JSON.parse(Buffer.from(body).toString()) as unknown].flat();
    const isEvent = (event: unknown): event is { id: string; type: string } =>
      typeof event === 'object' && event !== null && 'id' in event && 'type' in event;
    return events.every(isEvent) ? events : null;
  } catch {
    return null;
  }
}
