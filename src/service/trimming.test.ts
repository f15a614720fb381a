import { describe, expect, it } from 'vitest';
import { at, batch, rigOfEachTest } from '../../test/support/pipeline.ts';
import { trimSettled } from './trimming.ts';

const on = rigOfEachTest();

describe('the journal forgets', () => {
  it('nothing of a transaction that is open, nor behind it, however old', async () => {
    await on.intake.accept(batch(1, { receivedAt: on.runtime.clock.now() }));
    await on.runtime.clock.advance(10);
    await on.intake.accept(batch(2, { commit: false, receivedAt: on.runtime.clock.now() }));
    await on.runtime.clock.advance(10);
    await on.intake.accept(batch(7, { source: 'app', receivedAt: on.runtime.clock.now() }));
    await on.runtime.clock.advance(10);
    const now = on.runtime.clock.now();
    await trimSettled(on.journal, at(1), now);
    expect(on.journal.first).toBe(2);
    await trimSettled(on.journal, at(3), now);
    expect(on.journal.first).toBe(4);
  });
});
