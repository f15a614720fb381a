import type { Resource } from '../context.ts';
import { cache } from './cache.ts';
import { deadLetters } from './dead-letters.ts';
import { explain } from './explain.ts';
import { feed } from './feed.ts';
import { ingest } from './ingest.ts';
import { invalidations } from './invalidations.ts';
import { journal } from './journal.ts';
import { observations } from './observations.ts';
import { plan } from './plan.ts';
import { probes } from './probes.ts';
import { reload } from './reload.ts';
import { replays } from './replays.ts';
import { status } from './status.ts';

/** The whole API. Each resource says who may call it. */
export const RESOURCES: readonly Resource[] = [
  ingest,
  invalidations,
  journal,
  observations,
  feed,
  status,
  explain,
  plan,
  deadLetters,
  replays,
  cache,
  reload,
  probes,
];
