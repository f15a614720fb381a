import type { Offset } from '../../src/model/position.ts';
import type { Status } from '../../src/model/status.ts';

const NOW = Date.UTC(2026, 0, 1, 12);

const iso = (agoMs: number): string => new Date(NOW - agoMs).toISOString();
const FRESH = `fresh as of 180 ms ago (${iso(180)}), proven by an echo through shop-db at #12345`;
const DOWN = `orders is down since 90 s ago (${iso(90_000)}), last with OUTBOX_UNREADABLE: database is locked`;
const LAST = `known to be current as of 91 s ago (${iso(91_000)}) by an echo through orders at #12290`;

/** A daemon in the middle of its life: most is well, some is not. */
export const STATUS: Status = {
  version: '0.1.0',
  startedAt: NOW - 2 * 3_600_000 - 5 * 60_000,
  now: NOW,
  ready: true,
  reasons: [`source orders is down since ${iso(90_000)}, last with OUTBOX_UNREADABLE: database is locked`],
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
      failingSince: NOW - 90_000,
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
      reason: `${FRESH}, within the bound of 2000 ms`,
      why: {
        kind: 'fresh',
        boundMs: 2_000,
        known: {
          asOf: NOW - 180,
          ageMs: 180,
          by: 'echo',
          echo: { source: 'shop-db', offset: 12_345 as Offset, of: 1 },
        },
      },
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
      reason: `not provable within 5000 ms since 86 s ago (${iso(86_000)}): ${DOWN}; ${LAST}`,
      why: {
        kind: 'unproven',
        boundMs: 5_000,
        since: { at: NOW - 86_000, agoMs: 86_000 },
        known: {
          asOf: NOW - 91_000,
          ageMs: 91_000,
          by: 'echo',
          echo: { source: 'orders', offset: 12_290 as Offset, of: 1 },
        },
        heldBy: {
          kind: 'down',
          source: 'orders',
          since: { at: NOW - 90_000, agoMs: 90_000 },
          code: 'OUTBOX_UNREADABLE',
          message: 'database is locked',
        },
      },
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
  processes: [
    {
      id: 'a',
      name: 'web-1:412',
      role: 'process',
      state: 'live',
      watermark: 12_345 as Offset,
      behind: 0,
      heardMsAgo: 110,
    },
    {
      id: 'b',
      name: 'web-2:387',
      role: 'process',
      state: 'gone',
      watermark: 12_290 as Offset,
      behind: 55,
      heardMsAgo: 8_200,
    },
    { id: 'c', name: 'b7e1', role: 'relay', state: 'live', watermark: 12_344 as Offset, behind: 1, heardMsAgo: 40 },
    { id: 'd', name: 'web-3:90', role: 'process', state: 'live', watermark: null, behind: 12_345, heardMsAgo: 90 },
  ],
  audit: {
    heal: true,
    running: 1,
    waiting: 3,
    dropped: 0,
    namespaces: [
      {
        name: 'product',
        checked: 51_234,
        violations: 1,
        ended: 311,
        undecided: 4,
        failed: 0,
        withoutFactory: 0,
        healed: 1,
        atMost: 4.74 / 51_234,
        nines: 4,
        words: '1 of 51,234 wrong: at most 1 in 10,808 at 95 %, 4.0 nines',
        scales: [{ scale: 'sampled', checked: 51_234, violations: 1, words: '' }],
      },
    ],
    violations: [
      {
        at: NOW - 60_000,
        namespace: 'product',
        key: 'product:42',
        scale: 'sampled',
        where: ['category differs (a string)'],
        contracts: [],
        why: 'Nothing can end this key: no contract has a template that gives it or one of its tags (it has no tags)',
      },
    ],
  },
};
