import { describe, expect, it } from 'vitest';
import type { Entry, PlannedBatch } from '../../src/model/entry.ts';
import type { Position } from '../../src/model/position.ts';
import { SimulatedTime } from '../../src/runtime/simulated-time.ts';
import { realRuntime } from '../../src/runtime/real.ts';
import { systemClock } from '../../src/runtime/system.ts';
import { Conditions } from '../../src/sim/conditions.ts';
import { Disk } from '../../src/sim/disk.ts';
import { DiskJournal } from '../../src/sim/disk-journal.ts';
import { Draw } from '../../src/sim/draw.ts';
import { journalConformance } from '../conformance/journal.ts';

function diskOf(seed: number): { disk: Disk; open: (found?: Entry[]) => DiskJournal } {
  const conditions = new Conditions(new SimulatedTime());
  const disk = new Disk({ conditions, draw: new Draw(seed, 'disk'), syncMs: 0 });
  const clock = { ...systemClock, dead: false };
  const open = (found: Entry[] = []): DiskJournal =>
    new DiskJournal(
      {
        clock,
        disk,
        hasty: false,
        trimmed: () => undefined,
        durable: (entries) => found.push(...entries),
      },
      realRuntime(),
    );
  return { disk, open };
}

// The simulator's journal keeps the same promises as the real ones, so that what runs on it is what would run on them.
journalConformance({ describe, it }, 'on the simulated disk', () => {
  const { open } = diskOf(1);
  let journal = open();
  return Promise.resolve({
    journal,
    restart: async () => {
      await journal.close();
      journal = open();
      return journal;
    },
    dispose: () => journal.close(),
  });
});

describe('a crash of the simulated disk', () => {
  const batch = (n: number): PlannedBatch => ({
    source: 's',
    epoch: 'e',
    position: String(n).padStart(4, '0') as Position,
    first: 0,
    commit: true,
    events: [0, 1, 2].map((i) => ({ id: `${n}.${i}`, type: 't', source: 's', data: null })),
    plans: [0, 1, 2].map(() => ({ contractHash: '', actions: [], problems: [] })),
    receivedAt: 0,
  });

  it('leaves whole groups only, and all that was flushed, wherever it cuts', async () => {
    const lengths = new Set<number>();
    for (let seed = 1; seed <= 50; seed++) {
      const { disk, open } = diskOf(seed);
      await open().append(batch(1));
      const journal = open();
      disk.onWrite = () => undefined;
      const append = journal.append(batch(2));
      await new Promise<void>((resolve) => (disk.onWrite = resolve));
      disk.crash();
      const found: Entry[] = [];
      open(found);
      await append;
      lengths.add(found.length);
      expect([3, 6]).toContain(found.length);
    }
    expect(lengths).toEqual(new Set([3, 6]));
  });
});
