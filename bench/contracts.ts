// Question: does planning cost more when there are more contracts that do not match? Method: the same events are planned
// with 10 contracts of other types and with 10,000, exact triggers and patterns, in short slices that take turns; per
// round the median of the slices, over all the median of the rounds, each as a ratio to 10 contracts in the same round.
// Another set of 10 gives the noise of the run. Event types are new strings in each event, as a parser makes them. Events
// of a type that no contract names show the look-up alone, where a difference shows most.
//
//   node scripts/bench.mjs contracts [rounds] [slices]
import { performance } from 'node:perf_hooks';
import { compileContracts } from '../src/contracts/compile.ts';
import type { Contract, ContractSet } from '../src/contracts/contract.ts';
import { plan } from '../src/contracts/plan.ts';
import type { ChangeEvent } from '../src/model/event.ts';
import { machine, median } from './support.ts';

const FEW = 10;
const MANY = 10_000;
const EVENTS = 2_000;

const [, , roundsText = '15', slicesText = '40'] = process.argv;
const ROUNDS = Number(roundsText);
const SLICES = Number(slicesText);

function contract(name: string, trigger: string): Contract {
  const actions = [
    { kind: 'delete_key', template: 'product:{product_id}' },
    { kind: 'purge_tag', template: 'product-{product_id}' },
  ] as const;
  return { name, file: 'bench.yaml', line: 1, triggers: [trigger], actions };
}

type Shape = (n: number) => string;

/** What does not match: other types, patterns that end early, and patterns that agree with the event up to the end. */
const SHAPES: Readonly<Record<string, Shape>> = {
  'exact triggers': (n) => `entity${String(n)}.updated`,
  'patterns, other entities': (n) => `entity${String(n)}.*`,
  'patterns, first segment open': (n) => `*.happened${String(n)}`,
};

/** One contract that matches events of products, and this many that do not. */
function setOf(others: number, shape: Shape): ContractSet {
  const rest = Array.from({ length: others }, (_, n) => contract(`other-${String(n)}`, shape(n)));
  return compileContracts([...rest, contract('products', 'product.updated')]);
}

function parsed(type: string): ChangeEvent[] {
  const text = (n: string): string =>
    `{"id":"${n}","type":"${type}","source":"shop","data":{"product_id":${n},"price":1999}}`;
  return Array.from({ length: EVENTS }, (_, n) => JSON.parse(text(String(n))) as ChangeEvent);
}

/** Milliseconds for `EVENTS` events. */
function slice(set: ContractSet, type: string): number {
  const events = parsed(type);
  const start = performance.now();
  let actions = 0;
  for (const event of events) actions += plan(set, event).actions.length;
  const ms = performance.now() - start;
  const expected = type === 'product.updated' ? 2 * EVENTS : 0;
  if (actions !== expected) throw new Error(`${String(actions)} actions for ${type}, not ${String(expected)}`);
  return ms;
}

/** The usual slice of each set. Which set goes first changes from turn to turn. */
function round(sets: readonly ContractSet[], type: string): number[] {
  const slices = sets.map((): number[] => []);
  for (let at = 0; at < SLICES; at++) {
    for (let turn = 0; turn < sets.length; turn++) {
      const which = (at + turn) % sets.length;
      const set = sets[which];
      if (set) slices[which]?.push(slice(set, type));
    }
  }
  return slices.map(median);
}

function measure(sets: readonly ContractSet[], type: string): Record<string, number> {
  // The first round warms up.
  const rounds = Array.from({ length: ROUNDS + 1 }, () => round(sets, type)).slice(1);
  const us = (which: number): number => (median(rounds.map((ms) => ms[which] ?? NaN)) * 1_000) / EVENTS;
  const ratio = (which: number): number => median(rounds.map((ms) => (ms[which] ?? NaN) / (ms[0] ?? NaN)));
  return {
    'us an event, 10': Number(us(0).toFixed(3)),
    'us an event, 10,000': Number(us(2).toFixed(3)),
    'ratio 10 to 10 (noise)': Number(ratio(1).toFixed(3)),
    'ratio 10,000 to 10': Number(ratio(2).toFixed(3)),
  };
}

const results = Object.entries(SHAPES).flatMap(([name, shape]) => {
  const sets = [FEW, FEW, MANY].map((others) => setOf(others, shape));
  return ['product.updated', 'nobody.asked'].map((type) => [`${name}: ${type}`, measure(sets, type)] as const);
});
console.log(
  `plan() with ${String(FEW)} and with ${String(MANY)} contracts that do not match, median of ${String(ROUNDS)} rounds\n${machine()}`,
);
console.table(Object.fromEntries(results));
