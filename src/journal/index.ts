import type { JournalKind } from './journal.ts';
import { memoryJournal } from './memory.ts';
import { natsJournal } from './nats/index.ts';
import { sqliteJournal } from './sqlite.ts';

/** Every kind of journal, by the `type` that configuration names it with. */
export const journalKinds: readonly JournalKind[] = [sqliteJournal, natsJournal, memoryJournal];
