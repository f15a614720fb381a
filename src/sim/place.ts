import type { NamespaceConfig } from '../config/config.ts';
import type { Shelf } from '../layers/memory/store.ts';
import type { Target } from './domain.ts';

/** A target with all that a read of it needs, made once. */
export interface Place {
  readonly target: Target;
  readonly policy: NamespaceConfig;
  /** How old a resident value may be by its namespace's policy. */
  readonly boundMs: number;
  readonly shelf: Shelf;
}
