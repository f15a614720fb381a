import { describe, it } from 'vitest';
import { virtualRuntime } from '../../src/runtime/virtual.ts';
import { LEASE_MS, SharedJournal } from '../../src/sim/shared-journal.ts';
import { journalConformance } from './journal.ts';
import { relaysConformance } from './relays.ts';

journalConformance({ describe, it }, 'shared in memory, one opening', () => {
  const runtime = virtualRuntime();
  const journal = new SharedJournal(runtime).open(runtime);
  return Promise.resolve({ journal, dispose: () => journal.close() });
});

relaysConformance({ describe, it }, 'shared in memory', () => {
  const runtime = virtualRuntime();
  const shared = new SharedJournal(runtime);
  const [one, other] = [shared.open(runtime), shared.open(runtime)];
  return Promise.resolve({
    one,
    other,
    cutOne: async () => {
      one.cut();
      await runtime.clock.advance(LEASE_MS);
    },
    mendOne: () => {
      one.mend();
      return Promise.resolve();
    },
    pass: () => runtime.clock.advance(50),
    dispose: async () => {
      await one.close();
      await other.close();
    },
  });
});
