import { z } from 'zod';
import type { Kinds } from '../config/kinds.ts';
import type { JournalKind } from '../journal/journal.ts';
import type { Offset } from '../model/position.ts';
import { diskJournalKind } from './disk-journal.ts';
import type { Draw } from './draw.ts';
import { simulatedKinds } from './kinds.ts';
import type { Process } from './process.ts';
import type { SharedOpening } from './shared-journal.ts';
import type { SharedLink } from './shared-link.ts';
import type { Surroundings } from './surroundings.ts';

/** What a process has that its place keeps. */
export interface OwnParts {
  readonly wireDraw: Draw;
  readonly layerDraw: Draw;
  readonly sharedDraw: Draw;
  readonly opening: (opening: SharedOpening) => void;
  readonly linked: (link: SharedLink) => void;
  readonly trimmed: (below: Offset) => void;
}

/** What the configuration of one process can name, with what it meets outside of itself. */
export function kindsOf(parts: Surroundings, process: Process, own: OwnParts): Kinds {
  const { sabotages, plan, time, conditions, database, ledger, server } = parts;
  const { wireMs } = plan.shape;
  const { clock } = process;
  return simulatedKinds({
    sabotages,
    journal: journalOf(parts, process, own),
    feed: {
      clock,
      database,
      wire: { time, conditions, draw: own.wireDraw, wireMs },
      sabotages,
      connected: (link) => {
        if (!clock.dead) process.link = link;
      },
      acknowledged: (upTo) => {
        ledger.acknowledgedPosition(upTo);
      },
    },
    outer: {
      clock,
      conditions,
      draw: own.layerDraw,
      wireMs,
      sabotages,
      opened: (store) => {
        process.outer = store;
      },
    },
    shared: server && {
      clock,
      time,
      conditions,
      draw: own.sharedDraw,
      server,
      wireMs,
      sabotages,
      opened: own.linked,
      appliedTo: () => process.engine.memory.store.watermark,
    },
  });
}

function journalOf({ journal, disk, sabotages, ledger }: Surroundings, { clock }: Process, own: OwnParts): JournalKind {
  if (!journal) {
    return diskJournalKind({
      clock,
      disk,
      hasty: sabotages.has('ack-before-durable'),
      durable: (entries, found) => {
        if (clock.dead) return;
        if (found) ledger.found(entries);
        else ledger.add(entries);
      },
      trimmed: (below) => {
        if (clock.dead) return;
        ledger.trimmed(below);
        own.trimmed(below);
      },
    });
  }
  return {
    type: 'simulated',
    summary: 'A journal that several daemons write.',
    options: z.looseObject({}),
    open: ({ runtime }) => {
      const opening = journal.open(runtime);
      own.opening(opening);
      return Promise.resolve(opening);
    },
  };
}
