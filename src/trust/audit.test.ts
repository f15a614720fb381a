import { describe, expect, it } from 'vitest';
import type { Offset } from '../model/position.ts';
import { judgeAudit, type AuditFacts } from './audit.ts';

const facts = (over: Partial<AuditFacts> = {}): AuditFacts => ({
  stands: true,
  entryStamp: 5 as Offset,
  auditStamp: 5 as Offset,
  endedAt: 100,
  provenAt: 101,
  equal: false,
  ...over,
});
const judge = (over: Partial<AuditFacts> = {}, now = 200): string => judgeAudit(facts(over), now, 1_000);

describe('an entry that differs from its source', () => {
  it('is a violation once a proof covers the end of the load that showed it', () => {
    expect(judge()).toBe('violation');
    expect(judge({ provenAt: 99 })).toBe('wait');
  });

  it('is not one by a proof of the same reading of the clock: either may have been first', () => {
    expect(judge({ provenAt: 100 })).toBe('wait');
  });

  it('is none when anything has ended it meanwhile, whatever is proven', () => {
    expect(judge({ stands: false })).toBe('ended');
    expect(judge({ stands: false, provenAt: 0 })).toBe('ended');
  });

  it('stays undecided when no proof comes for as long as it may wait, to the last moment', () => {
    expect(judge({ provenAt: -Infinity }, 1_100)).toBe('wait');
    expect(judge({ provenAt: -Infinity }, 1_101)).toBe('undecided');
    expect(judge({}, 1_000_000)).toBe('violation');
  });

  it('stays undecided when the load may have seen less than the entry: then neither is known to be newer', () => {
    expect(judge({ auditStamp: 4 as Offset })).toBe('undecided');
    expect(judge({ auditStamp: null })).toBe('undecided');
    expect(judge({ auditStamp: null, entryStamp: 0 as Offset })).toBe('undecided');
    expect(judge({ auditStamp: 6 as Offset })).toBe('violation');
  });
});

it('an entry that does not differ is decided by the same proof, or the count would leave out what is wrong', () => {
  expect(judge({ equal: true })).toBe('equal');
  expect(judge({ equal: true, provenAt: 99 })).toBe('wait');
  expect(judge({ equal: true, provenAt: 99 }, 5_000)).toBe('undecided');
});
