import type { Epoch } from '../../model/position.ts';

/**
 * What must stay the same for the feed to be one unbroken story: the database system, its timeline, and what the feed
 * covers. The last is in here so that the journal remembers it: a table that was dropped and made again while nobody
 * watched is then a gap like any other. `rewound` counts restores of the same timeline to an earlier state, where
 * positions would repeat.
 */
export interface EpochParts {
  readonly systemId: string;
  readonly timeline: string;
  readonly coverage: string;
  readonly rewound: number;
}

export function formatEpoch({ systemId, timeline, coverage, rewound }: EpochParts): Epoch {
  const base = `${systemId}:${timeline}:${coverage}`;
  return rewound > 0 ? `${base}:r${rewound}` : base;
}

/** `null` when it is not an epoch of this kind of source. */
export function parseEpoch(epoch: Epoch): EpochParts | null {
  const match = /^(\d+):(\d+):([0-9a-f]+)(?::r(\d+))?$/.exec(epoch);
  if (!match) return null;
  const [, systemId = '', timeline = '', coverage = '', rewound = '0'] = match;
  return { systemId, timeline, coverage, rewound: Number(rewound) };
}
