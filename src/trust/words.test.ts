import { describe, expect, it } from 'vitest';
import type { Offset, Position } from '../model/position.ts';
import type { End, HoldUp, Known, Since, TrustReason } from '../model/reason.ts';
import { inWords } from './words.ts';

const T = Date.UTC(2026, 10, 26, 12);
const since = (agoMs: number): Since => ({ at: T - agoMs, agoMs });
const known = (over: Partial<Known> = {}): Known => ({ asOf: T - 180, ageMs: 180, by: 'load', ...over });
const echo = { source: 'shop-db', offset: 118 as Offset, of: 1 };
const AGO = '180 ms ago (2026-11-26T11:59:59.820Z)';

const event = { type: 'price.updated', source: 'shop-db', received: since(2_000) };
const action = { kind: 'expire_tag', contract: 'prices', widened: false } as const;
const end = (over: Partial<End> = {}): End => ({
  offset: 119 as Offset,
  target: 'tag',
  name: 'product-42',
  namespace: 'product',
  event: { ...event, action },
  ...over,
});

describe('a reason in words', () => {
  it.each<[TrustReason, string]>([
    [
      { kind: 'fresh', known: known(), boundMs: 2_000 },
      `fresh as of ${AGO}, proven by its own load, within the bound of 2000 ms`,
    ],
    [
      { kind: 'fresh', known: known({ by: 'echo', echo }), boundMs: 2_000 },
      `fresh as of ${AGO}, proven by an echo through shop-db at #118, within the bound of 2000 ms`,
    ],
    [
      {
        kind: 'fresh',
        known: known({ by: 'echo', echo: { ...echo, position: '0000000001A2B3C4' as Position, of: 2 } }),
        boundMs: 60_000,
      },
      `fresh as of ${AGO}, proven by an echo through shop-db at #118 (position 0000000001A2B3C4), the oldest of 2 sources, within the bound of 60 s`,
    ],
    [
      { kind: 'fresh', known: known({ by: 'echo' }), boundMs: 2_000 },
      `fresh as of ${AGO}, proven by a proof through its sources, within the bound of 2000 ms`,
    ],
    [
      { kind: 'ttl', endsInMs: 9_500, known: known() },
      `no max_staleness asked for: its ttl ends in 9500 ms; known to be current as of ${AGO} by its own load`,
    ],
    [
      { kind: 'ttl', endsInMs: null, known: null },
      'no max_staleness asked for: the ttl bounds the age; nothing has proven it',
    ],
    [
      {
        kind: 'unproven',
        boundMs: 100,
        since: since(80),
        known: known({ by: 'echo', echo }),
        heldBy: { kind: 'silent', source: 'shop-db', since: since(180) },
      },
      `not provable within 100 ms since 80 ms ago (2026-11-26T11:59:59.920Z): shop-db is streaming and no echo sent later than ${AGO} has come back; known to be current as of ${AGO} by an echo through shop-db at #118`,
    ],
    [
      { kind: 'unproven', boundMs: 100, since: null, known: null, heldBy: { kind: 'no-source' } },
      'never proven, so not within 100 ms: it has no source that can prove freshness',
    ],
    [
      { kind: 'expired', end: end(), known: known() },
      `expired softly, last by price.updated (#119 from shop-db, received 2000 ms ago (2026-11-26T11:59:58.000Z)), which ended tag "product-42" with expire_tag of contract "prices"; known to be current as of ${AGO} by its own load`,
    ],
    [
      { kind: 'expired', end: null, known: null },
      'expired softly, last by what is no longer remembered; nothing has proven it',
    ],
    [{ kind: 'ttl-over', since: since(180) }, `its ttl ended ${AGO}`],
    [
      { kind: 'absent', how: 'ended', end: end({ event: null, target: 'key', name: 'product:42' }) },
      'not resident: last ended by #119, which ended key "product:42"',
    ],
    [{ kind: 'absent', how: 'ended', end: null }, 'not resident: ended, and by what is no longer remembered'],
    [{ kind: 'absent', how: 'ttl', end: null }, 'not resident: its ttl ended'],
    [{ kind: 'absent', how: 'evicted', end: null }, 'not resident: evicted to make room'],
    [{ kind: 'absent', how: 'unknown', end: null }, 'not resident: nothing that is remembered has ended it'],
    [
      { kind: 'absent', how: 'unknown', end: end({ event: null, target: 'everything', name: '' }) },
      'not resident: last ended by #119, which ended everything',
    ],
    [{ kind: 'loaded', from: 'source', known: known(), before: null }, 'loaded from the source for this read'],
    [
      { kind: 'loaded', from: 'source', known: known(), before: { kind: 'ttl-over', since: since(180) } },
      `loaded from the source for this read; before that its ttl ended ${AGO}`,
    ],
    [
      {
        kind: 'loaded',
        from: 'source',
        known: known(),
        before: { kind: 'absent', how: 'unknown', end: end({ event: null }) },
      },
      'loaded from the source for this read; before that not resident: last ended by #119, which ended tag "product-42"',
    ],
    [
      { kind: 'loaded', from: 'source', known: known(), before: { kind: 'absent', how: 'evicted', end: null } },
      'loaded from the source for this read; before that not resident: evicted to make room',
    ],
    [
      { kind: 'loaded', from: 'source', known: known(), before: { kind: 'absent', how: 'unknown', end: null } },
      'loaded from the source for this read',
    ],
    [
      { kind: 'loaded', from: 'elsewhere', known: known(), before: null },
      `loaded for this read, from what is known to be current as of ${AGO}`,
    ],
    [
      { kind: 'loaded', from: 'elsewhere', known: null, before: null },
      'loaded for this read, from what is of no known age',
    ],
  ])('%#: %j', (reason, words) => {
    expect(inWords(reason)).toBe(words);
  });
});

describe('what ended it, in words', () => {
  const said = (over: Partial<End>): string => inWords({ kind: 'absent', how: 'ended', end: end(over) });
  const doing = (contract: string, widened = false): string =>
    said({ event: { ...event, action: { kind: 'purge_namespace', contract, widened } } });

  it.each([
    ['prices', 'of contract "prices"'],
    ['explicit', 'of an explicit message'],
    ['gap', 'of a gap'],
    ['contracts-changed', 'of changed contracts'],
    ['undecodable', 'of a change that could not be read'],
  ])('is the action of %s', (contract, words) => {
    expect(doing(contract)).toMatch(new RegExp(`with purge_namespace ${words}$`));
  });

  it('may be of a part', () => {
    const key = { target: 'key', name: 'product:42', embedded: true, event: null } as const;
    expect(said(key)).toMatch(/which ended the embedded key "product:42"$/);
    expect(said({ ...key, target: 'everything' })).toMatch(/which ended everything$/);
  });

  it('says when the exact target could not be told, and when more was ended than planned', () => {
    expect(doing('prices', true)).toMatch(/of contract "prices" \(widened\)$/);
    expect(said({ event: { ...event, action: null }, target: 'namespace', name: 'product' })).toMatch(
      /which ended namespace "product" more widely than planned$/,
    );
  });
});

describe('what holds a proof back, in words', () => {
  const S = { source: 'shop-db', since: since(180) };
  it.each<[HoldUp, string]>([
    [{ kind: 'cannot-prove', source: 'github', type: 'webhook' }, 'github (webhook) cannot prove freshness'],
    [
      { kind: 'down', ...S, code: 'POSTGRES_UNREACHABLE', message: 'connection refused' },
      `shop-db is down since ${AGO}, last with POSTGRES_UNREACHABLE: connection refused`,
    ],
    [
      { kind: 'gap', ...S, code: 'SLOT_LOST', message: '' },
      `shop-db told of a gap ${AGO}, SLOT_LOST, and has proven nothing since`,
    ],
    [
      {
        kind: 'not-streaming',
        source: 'shop-db',
        state: 'starting',
        detail: 'waiting for 1 running transaction to end',
      },
      'shop-db is starting: waiting for 1 running transaction to end',
    ],
    [{ kind: 'not-streaming', source: 'shop-db', state: 'stopped', detail: null }, 'shop-db is stopped'],
    [
      {
        kind: 'behind',
        source: 'shop-db',
        entries: 37,
        watermark: 5 as Offset,
        waitsFor: 42 as Offset,
        open: { source: 'orders', from: 6 as Offset },
      },
      'an echo through shop-db waits for #42, 37 entries beyond what is applied: a transaction of orders is open since #6',
    ],
    [
      { kind: 'behind', source: 'shop-db', entries: 1, watermark: 5 as Offset, waitsFor: 6 as Offset, open: null },
      'an echo through shop-db waits for #6, 1 entry beyond what is applied',
    ],
    [
      { kind: 'gate', source: 'shop-db', transaction: '741' },
      'shop-db holds back a commit until readers see transaction 741',
    ],
    [
      { kind: 'suspended', ...S, ms: 7_200_000 },
      `this machine was suspended for 120 min until ${AGO}, and no echo sent since has come back through shop-db`,
    ],
    [
      { kind: 'stalled', ...S, ms: 1_500 },
      `the event loop stood still for 1500 ms until ${AGO}, and no echo sent since has come back through shop-db`,
    ],
    [{ kind: 'never-proven', ...S }, `shop-db is streaming and has proven nothing since the start ${AGO}`],
  ])('%#: %j', (heldBy, words) => {
    const reason: TrustReason = { kind: 'unproven', boundMs: 100, since: null, known: null, heldBy };
    expect(inWords(reason)).toBe(`never proven, so not within 100 ms: ${words}`);
  });

  it('cuts what a server or driver says at 200 characters', () => {
    const told = (length: number): string => {
      const heldBy = { kind: 'down', ...S, code: 'C', message: 'x'.repeat(length) } as const;
      return inWords({ kind: 'unproven', boundMs: 100, since: null, known: null, heldBy });
    };
    expect(told(200)).toMatch(/C: x{200}$/);
    expect(told(201)).toMatch(/C: x{200}\.\.\.$/);
  });
});

it.each([
  [9_999, '9999 ms'],
  [10_000, '10 s'],
  [599_999, '600 s'],
  [600_000, '10 min'],
  [35_999_999, '600 min'],
  [36_000_000, '10 h'],
])('says %i ms as %s', (ms, words) => {
  expect(inWords({ kind: 'ttl', endsInMs: ms, known: null })).toContain(`its ttl ends in ${words};`);
});
