import type { Config } from '../config/config.ts';
import type { Log } from '../runtime/log.ts';
import type { SimulatedTime } from '../runtime/simulated-time.ts';
import type { Conditions } from './conditions.ts';
import type { Database } from './database.ts';
import type { Disk } from './disk.ts';
import type { Domain } from './domain.ts';
import type { Draw } from './draw.ts';
import type { Facts } from './facts.ts';
import type { Ledger } from './ledger.ts';
import type { Loader } from './loader.ts';
import type { Plan } from './plan.ts';
import type { Sabotage } from './sabotage.ts';
import type { SharedJournal } from './shared-journal.ts';
import type { SharedServer } from './shared-server.ts';
import type { Column } from './story.ts';
import type { Violation } from './violation.ts';

/** What every process of a world has around it. */
export interface Surroundings {
  readonly plan: Plan;
  readonly domain: Domain;
  readonly sabotages: ReadonlySet<Sabotage>;
  readonly time: SimulatedTime;
  readonly conditions: Conditions;
  readonly database: Database;
  readonly disk: Disk;
  readonly facts: Facts;
  readonly ledger: Ledger;
  readonly loader: Loader;
  /** The server that the processes share; `null`: they share none. */
  readonly server: SharedServer | null;
  /** The journal of several daemons; `null`: there is one, with a disk of its own. */
  readonly journal: SharedJournal | null;
  readonly config: () => Config;
  readonly violated: (violation: Violation) => void;
  readonly teller: (column: Column) => ((words: string) => void) | null;
  readonly draw: (name: string) => Draw;
  readonly log: () => Log;
}

/** What the wall clocks show when a world begins. */
export const WALL = Date.UTC(2026, 0, 1);
