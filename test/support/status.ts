import type { Offset } from '../../src/model/position.ts';
import type { Status } from '../../src/model/status.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

/** A daemon in the middle of its life: most is well, some is not. */
export const STATUS: Status = {
  version: '0.1.0',
  startedAt: NOW - 2 * 3_600_000 - 5 * 60_000,
  now: NOW,
  ready: true,
  reasons: ['source orders is waiting'],
  contracts: { count: 4, hash: '5869638bb02bd3f1' },
  journal: {
    type: 'sqlite',
    durable: true,
    head: 12_345 as Offset,
    first: 1 as Offset,
    entries: 12_345,
    bytes: 5_452_595,
  },
  sources: [
    {
      name: 'shop-db',
      type: 'postgres',
      state: 'streaming',
      events: 12_300,
      lastEventAt: NOW - 1_400,
      lagBytes: 812,
      canProve: true,
      proofAgeMs: 180,
      restarts: 1,
      gaps: 0,
      warnings: ['table public.orders has no replica identity that holds customer_id'],
    },
    {
      name: 'orders',
      type: 'outbox',
      state: 'waiting',
      detail: 'trying again in 3.2s',
      events: 45,
      lastEventAt: NOW - 90_000,
      canProve: true,
      proofAgeMs: 91_000,
      restarts: 7,
      gaps: 0,
      lastError: { code: 'OUTBOX_UNREADABLE', message: 'database is locked', at: NOW - 2_000 },
      warnings: [],
    },
    { name: 'app', type: 'http', state: 'receiving', events: 0, canProve: false, restarts: 0, gaps: 0, warnings: [] },
  ],
  layers: [
    {
      name: 'local',
      type: 'memory',
      ok: true,
      watermark: 12_345 as Offset,
      behind: 0,
      entries: 8_120,
      bytes: 2_097_152,
      retrying: false,
    },
  ],
  namespaces: [
    {
      name: 'product',
      ttlMs: 600_000,
      maxStalenessMs: 2_000,
      whenUncertain: 'bypass',
      trust: 'fresh',
      reason: 'proven through shop-db as of 180 ms ago, within 2000 ms',
      hits: 1_204_551,
      misses: 9_310,
      refusedFills: 12,
    },
    {
      name: 'order',
      ttlMs: 60_000,
      maxStalenessMs: 5_000,
      whenUncertain: 'revalidate',
      trust: 'uncertain',
      reason: 'orders was last proven 91000 ms ago, beyond 5000 ms',
      hits: 220,
      misses: 41,
      refusedFills: 0,
    },
  ],
  projections: [
    {
      name: 'category-membership',
      running: false,
      pending: false,
      refreshes: 310,
      failures: 1,
      lastError: 'status 503',
    },
  ],
  deadLetters: 2,
};
