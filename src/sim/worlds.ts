import { Draw } from './draw.ts';

export interface WorldShape {
  readonly daemons: number;
  readonly fed: number;
  /** Whether a layer is shared. */
  readonly isShared: boolean;
  readonly words: string;
}

/** The shapes that a world can have. */
export const WORLDS = {
  single: { daemons: 1, fed: 0, isShared: false, words: 'one process' },
  shared: { daemons: 1, fed: 0, isShared: true, words: 'one process with a shared layer' },
  fed: { daemons: 1, fed: 2, isShared: false, words: 'a daemon and two processes that it feeds' },
  relays: { daemons: 3, fed: 0, isShared: false, words: 'three relays of one journal' },
  all: { daemons: 2, fed: 1, isShared: true, words: 'two relays, a process that they feed, a shared layer' },
} as const satisfies Record<string, WorldShape>;

export type WorldName = keyof typeof WORLDS;

export const WORLD_NAMES = Object.keys(WORLDS) as readonly WorldName[];

/** The shape that a seed chooses where nobody else does. */
export function worldOf(seed: number): WorldName {
  return new Draw(seed, 'world').pick(['single', 'single', 'shared', 'fed', 'relays', 'all']);
}
