import type { ErrorKind } from './errors.ts';

/** The part of the table in `errors.ts` that is about several daemons with one journal, and those they feed. */
export const RELAY_ERRORS = {
  RELAY_DEPOSED: {
    sentence: 'another relay has taken this work over',
    hint: 'nothing to do: this one was paused or cut off, and stands by until the other one ends',
    reaction: 'yield',
  },
  CONTRACTS_SUPERSEDED: {
    sentence: 'another relay has adopted other contracts',
    hint: 'send it to another relay; reload or restart this one with the contracts that are to be used',
    reaction: 'yield',
  },
  MEMBERS_FULL: {
    sentence: 'more processes are fed than the daemon keeps in view',
    hint: 'end processes that nobody needs, or feed some of them from another daemon',
    reaction: 'retry',
  },
} as const satisfies Record<string, ErrorKind>;
