import type { NamespaceConfig } from './config.ts';

/** A configured source, for what its proofs are worth to a namespace. */
export interface Proving {
  readonly name: string;
  readonly prove: boolean;
  /** Somebody wrote it down; the one that is always there for events from the program itself is not. */
  readonly written: boolean;
}

/**
 * Why a difference between an entry of the namespace and its source could always be lag, in words; `null` when proofs
 * tell. Strict on purpose: where one of the sources that may feed it cannot prove, an alarm would prove nothing.
 */
export function undecidable({ sources: named }: NamespaceConfig, all: readonly Proving[]): string | null {
  const feeding = named
    ? all.filter(({ name }) => named.includes(name))
    : all.filter(({ prove, written }) => prove || written);
  const without = feeding.filter(({ prove }) => !prove).map(({ name }) => name);
  if (!feeding.some(({ prove }) => prove)) return 'none of its sources can prove what has been applied';
  if (without.length === 0) return null;
  const cannot = `${without.join(', ')} cannot prove what has been applied`;
  return named ? cannot : `it names no sources, and ${cannot}`;
}
