/** A promise of SPEC.md that did not hold. */
export interface Violation {
  readonly invariant:
    'I1' | 'I2' | 'I3' | 'I6' | 'I7' | 'I10' | 'I11' | 'I12' | 'I17' | 'I21' | 'I22' | 'liveness' | 'error';
  readonly at: number;
  readonly words: string;
  /** The key that a reader met it at. */
  readonly key?: string;
}
