import { describe, expect, it } from 'vitest';
import { RESERVED_TYPES, UNDECODABLE, type ChangeEvent } from '../model/event.ts';
import type { Position } from '../model/position.ts';
import { CONTRACTS_CHANGED, controlBatch, controlPlan, GAP, INVALIDATION, isControl, SELF } from './control.ts';

const event = (type: string, source: string): ChangeEvent => ({ id: '1', type, source, data: {} });
const fedBy = (source: string): readonly string[] | null => (source === 'db' ? ['product', 'stock'] : null);

describe('entries of our own', () => {
  it.each([
    [GAP, 'db', ['product', 'stock'], 'gap'],
    [GAP, 'other', ['*'], 'gap'],
    [CONTRACTS_CHANGED, 'db', ['*'], 'contracts-changed'],
    [UNDECODABLE, 'db', ['product', 'stock'], 'undecodable'],
    [INVALIDATION, 'db', ['product', 'stock'], INVALIDATION],
  ])('%s of %s widens to %j: it ends the trust of all it could have ended', (type, source, targets, contract) => {
    const plan = controlPlan(event(type, source), 'h', fedBy);
    expect(plan.contractHash).toBe('h');
    expect(plan.actions).toEqual(
      targets.map((target) => ({ kind: 'purge_namespace', target, contract, widened: true })),
    );
  });

  it('are a problem that a person must see only when a change could not be read', () => {
    const problems = (type: string): unknown => controlPlan(event(type, 'db'), 'h', fedBy).problems;
    expect(problems(UNDECODABLE)).toMatchObject([
      { contract: 'undecodable', action: 'purge_namespace', template: '', code: 'EVENT_UNDECODABLE' },
    ]);
    expect(problems(GAP)).toEqual([]);
  });

  it('are told from events of others by their type alone', () => {
    const ours = [GAP, CONTRACTS_CHANGED, UNDECODABLE];
    expect(
      [...ours, INVALIDATION, 'product.updated', 'toString'].filter((type) => isControl(event(type, 'x'))),
    ).toEqual(ours);
  });

  it('keep the names under which journals hold them, which nothing from outside can have', () => {
    const types = [GAP, CONTRACTS_CHANGED, INVALIDATION];
    expect(types).toEqual(['tidemark.gap', 'tidemark.contracts-changed', 'tidemark.invalidation']);
    expect(types.every((type) => type.startsWith(RESERVED_TYPES))).toBe(true);
    expect(SELF).toBe('tidemark');
  });

  it('are whole transactions: a watermark may stand behind each', () => {
    const control = { source: 'db', epoch: 'e', position: '7' as Position, event: event(GAP, 'db'), receivedAt: 5 };
    const { event: only, ...rest } = control;
    expect(controlBatch(control)).toEqual({ ...rest, first: 0, commit: true, events: [only] });
  });
});
