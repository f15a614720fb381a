import { expect, it } from 'vitest';
import { Circuit } from './circuit.ts';

it('after failures in a row nobody asks, then one for all, and after its success everybody', () => {
  const circuit = new Circuit();
  expect([1, 2, 3, 4, 5].map(() => circuit.failed(0))).toEqual([false, false, false, false, true]);
  expect(circuit.allows(999)).toBe(false);
  expect([circuit.allows(1_000), circuit.allows(1_000), circuit.allows(1_999)]).toEqual([true, false, false]);
  expect(circuit.failed(1_500)).toBe(false);
  expect([circuit.allows(2_000), circuit.allows(2_500)]).toEqual([false, true]);
  expect([circuit.succeeded(), circuit.succeeded()]).toEqual([true, false]);
  expect([circuit.allows(2_500), circuit.allows(2_500)]).toEqual([true, true]);
});

it('failures with successes between them are no outage', () => {
  const circuit = new Circuit();
  for (let i = 0; i < 20; i++) {
    circuit.failed(i);
    circuit.failed(i);
    circuit.succeeded();
  }
  expect(circuit.allows(20)).toBe(true);
});
