import type { Place } from './contract.ts';

export type { Place };

/** A YAML value that knows where it stands. */
export type Tree = ScalarTree | ListTree | MapTree;
export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** As it stands in the file, without quotes. Where that is the value, a place in it is a place in the file. */
  readonly text: string;
  readonly quoted: boolean;
  /** The value came from the environment: it is not to be shown. */
  readonly substituted?: true;
  readonly place: Place;
}
export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly flow: boolean;
  readonly place: Place;
}
export interface MapTree {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  readonly flow: boolean;
  readonly place: Place;
}
export interface MapEntry {
  readonly key: string;
  readonly keyPlace: Place;
  readonly value: Tree;
}
