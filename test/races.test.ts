// The short form of bench/races: our row is zero everywhere. What other libraries do is theirs, and is not judged here.
import { afterEach, expect, test, vi } from 'vitest';
import { StandingClock } from '../bench/races/clock.ts';
import { race, RACES, type Result } from '../bench/races/race.ts';
import { tidemark } from '../bench/races/tidemark.ts';
import { Fence } from '../src/trust/fence.ts';

const TTL_MS = 600_000;

async function run(kind: (typeof RACES)[number]): Promise<Result | null> {
  const subject = await tidemark.open(TTL_MS);
  const clock = new StandingClock();
  try {
    return await race(subject, kind, { rounds: 50, ttlMs: TTL_MS, clock });
  } finally {
    clock.restore();
    await subject.close();
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(RACES)('race "%s": nobody is given what was invalidated', async (kind) => {
  expect(await run(kind)).toEqual({ rounds: 50, stale: 0, stayed: null });
});

test('the races see a stale value: without the fence it is there until the ttl', async () => {
  vi.spyOn(Fence.prototype, 'refuses').mockReturnValue(null);
  expect(await run('key')).toEqual({ rounds: 50, stale: 50, stayed: 1 });
  expect(await run('joined')).toMatchObject({ stale: 50 });
});
