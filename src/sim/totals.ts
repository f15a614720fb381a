import { FAULT_KINDS, noFaults, type FaultKind } from './faults.ts';
import type { ReadCounts } from './readers.ts';
import type { Run } from './run.ts';

/** What many runs come to. */
export interface Totals {
  seeds: number;
  readonly reads: ReadCounts;
  readonly faults: Record<FaultKind, number>;
  entries: number;
  virtualMs: number;
  violations: number;
}

export function noTotals(): Totals {
  return {
    seeds: 0,
    reads: noReads(),
    faults: noFaults(),
    entries: 0,
    virtualMs: 0,
    violations: 0,
  };
}

export function noReads(): ReadCounts {
  return { hits: 0, loads: 0, proofs: 0, peeks: 0, outer: 0, wholes: 0, pairs: 0, own: 0, everywhere: 0 };
}

export function add(totals: Totals, run: Run): void {
  totals.seeds++;
  totals.entries += run.entries;
  totals.virtualMs += run.virtualMs;
  for (const way of Object.keys(totals.reads) as (keyof ReadCounts)[]) totals.reads[way] += run.reads[way];
  for (const kind of FAULT_KINDS) totals.faults[kind] += run.faults[kind];
  if (run.violation) totals.violations++;
}

/** Reads that were answered and checked. */
export function readsOf({ reads }: Pick<Totals, 'reads'>): number {
  return reads.hits + reads.loads + reads.proofs + reads.peeks + reads.outer + reads.wholes + reads.pairs + reads.own;
}

export function faultsOf({ faults }: Pick<Totals, 'faults'>): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0);
}
