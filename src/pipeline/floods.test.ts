import { describe, expect, it } from 'vitest';
import type { Plan, PlannedAction } from '../model/plan.ts';
import type { Position } from '../model/position.ts';
import { Floods } from './floods.ts';

const plan = (...actions: Omit<PlannedAction, 'contract'>[]): Plan => ({
  contractHash: 'h',
  actions: actions.map((action) => ({ ...action, contract: 'c' })),
  problems: [],
});
const key = (target: string, namespace?: string) =>
  plan({ kind: 'delete_key', target, ...(namespace !== undefined && { namespace }) });
const part = (first: number, commit: boolean, position: string | null = '1', source = 'db') => ({
  source,
  epoch: 'e',
  position: position as Position | null,
  first,
  commit,
});
const told = (plans: readonly Plan[]) =>
  plans.map(({ actions }) => actions.map(({ kind, target }) => `${kind} ${target}`).join(', '));
const PURGE = 'purge_namespace *';

describe('a transaction that names more keys and tags than it may', () => {
  it('ends namespaces from then on, over all of its parts, and says so once', () => {
    const floods = new Floods(2);
    const first = floods.widen(part(0, false), [key('a'), key('b')]);
    const second = floods.widen(part(2, false), [key('c'), key('d')]);
    const last = floods.widen(part(4, true), [key('a')]);
    expect([first, second, last].map(({ plans }) => told(plans))).toEqual([
      ['delete_key a', 'delete_key b'],
      [PURGE, PURGE],
      [PURGE],
    ]);
    expect([first.begun, second.begun, last.begun]).toEqual([false, true, false]);
  });

  it('is not one that names the same again and again, nor one that names just as many', () => {
    const floods = new Floods(2);
    const { plans } = floods.widen(part(0, true), [key('a'), key('b'), key('a'), key('b'), plan()]);
    expect(told(plans)).toEqual(['delete_key a', 'delete_key b', 'delete_key a', 'delete_key b', '']);
  });

  it('ends only the namespaces and layers that its actions were for, and leaves other actions as they are', () => {
    const floods = new Floods(0);
    const mixed = plan(
      { kind: 'delete_key', target: 'a', namespace: 'n' },
      { kind: 'purge_tag', target: 'g', namespace: 'n' },
      { kind: 'refresh_key', target: 'a', namespace: 'm', layers: ['edge'] },
      { kind: 'refresh_projection', target: 'p' },
      { kind: 'purge_url', target: '/a' },
    );
    expect(floods.widen(part(0, true), [mixed]).plans[0]?.actions).toEqual([
      { kind: 'purge_namespace', target: 'n', contract: 'c', widened: true },
      { kind: 'purge_namespace', target: 'm', contract: 'c', widened: true, layers: ['edge'] },
      { kind: 'refresh_projection', target: 'p', contract: 'c' },
      { kind: 'purge_url', target: '/a', contract: 'c' },
    ]);
  });

  it('is counted for itself: the next one, another source and one that comes again begin at nothing', () => {
    const floods = new Floods(1);
    floods.widen(part(0, false), [key('a'), key('b')]);
    expect(told(floods.widen(part(0, true, '1', 'other'), [key('x')]).plans)).toEqual(['delete_key x']);
    expect(told(floods.widen(part(0, false), [key('a')]).plans)).toEqual(['delete_key a']);
    expect(told(floods.widen(part(1, true), [key('b')]).plans)).toEqual([PURGE]);
    expect(told(floods.widen(part(0, true, '2'), [key('c')]).plans)).toEqual(['delete_key c']);
    for (let i = 0; i < 3; i++) {
      expect(told(floods.widen(part(0, true, null), [key(`${i}`)]).plans)).toEqual([`delete_key ${i}`]);
    }
  });

  it('is counted by all that ends a key or a tag, and by nothing else', () => {
    const exact = ['delete_key', 'expire_key', 'refresh_key', 'purge_tag', 'expire_tag'] as const;
    const each = exact.map((kind) => ({ kind, target: 'a' }));
    expect(told(new Floods(5).widen(part(0, true), [plan(...each)]).plans)).toEqual([
      each.map(({ kind }) => `${kind} a`).join(', '),
    ]);
    expect(told(new Floods(4).widen(part(0, true), [plan(...each)]).plans)).toEqual([PURGE]);
    const others = (['purge_url', 'purge_namespace', 'refresh_projection'] as const).map((kind) => plan({ kind, target: 'a' })); // prettier-ignore
    expect(new Floods(1).widen(part(0, true), [key('a'), ...others]).begun).toBe(false);
  });

  it('goes on only in parts of the same place that come before its commit', () => {
    const after = (begun: ReturnType<typeof part>, next: ReturnType<typeof part>): readonly string[] => {
      const floods = new Floods(1);
      floods.widen(begun, [key('a')]);
      return told(floods.widen(next, [key('b')]).plans);
    };
    expect(after(part(0, false), part(1, true))).toEqual([PURGE]);
    expect(after(part(0, true), part(1, true))).toEqual(['delete_key b']);
    expect(after(part(0, false), part(1, true, '2'))).toEqual(['delete_key b']);
    expect(after(part(0, false), { ...part(1, true), epoch: 'e2' })).toEqual(['delete_key b']);
  });

  it('of 100,000 rows costs as many exact actions as it may, and one purge for each part in a layer', () => {
    const floods = new Floods(65_536);
    const kinds = new Map<string, number>();
    for (let first = 0; first < 100_000; first += 1_000) {
      const plans = Array.from({ length: 1_000 }, (_, i) => key(`item:${first + i}`, 'item'));
      for (const { actions } of floods.widen(part(first, first === 99_000), plans).plans) {
        for (const { kind } of actions) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    }
    expect(Object.fromEntries(kinds)).toEqual({ delete_key: 65_536, purge_namespace: 34_464 });
  });
});
