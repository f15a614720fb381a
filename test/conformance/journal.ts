import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import type { Journal } from '../../src/journal/journal.ts';
import type { DeadLetter, Entry, PlannedBatch } from '../../src/model/entry.ts';
import { COMMIT_MARK, type ChangeEvent } from '../../src/model/event.ts';
import type { Plan } from '../../src/model/plan.ts';
import { ORIGIN, type Offset, type Position } from '../../src/model/position.ts';
import type { TestFrame } from './frame.ts';

/** A fresh, empty journal and how to put it away. */
export interface JournalUnderTest {
  readonly journal: Journal;
  /** Closes it and opens what is left of it; absent where nothing is meant to be left. */
  readonly restart?: () => Promise<Journal>;
  readonly dispose: () => Promise<void>;
}

/** The promises of the journal seam, for every implementation. */
export function journalConformance(frame: TestFrame, name: string, open: () => Promise<JournalUnderTest>): void {
  const { describe } = frame;
  const it = (claim: string, body: (subject: JournalUnderTest) => Promise<void>): void => {
    frame.it(claim, async () => {
      const subject = await open();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };
  /** Runs a claim on the journal as it is and, where it survives a restart, on what is read from disk. */
  const holds = (
    claim: string,
    arrange: (journal: Journal) => Promise<void>,
    check: (journal: Journal) => Promise<void>,
  ): void => {
    it(claim, async ({ journal, restart }) => {
      await arrange(journal);
      await check(journal);
      if (restart) await check(await restart());
    });
  };

  describe(`journal ${name}`, () => {
    describe('problems of plans', () => {
      const problem = {
        contract: 'c',
        action: 'delete_key',
        template: '{x}',
        code: 'FIELD_MISSING',
        message: 'no x',
      } as const;
      const planned = (n: number): PlannedBatch => {
        const batch = tx(n, 3);
        return { ...batch, plans: [NO_PLAN, { ...NO_PLAN, problems: [problem] }, { ...NO_PLAN, problems: [problem] }] };
      };

      holds(
        'become one dead letter for each cause, with the entry that it came from, and none when sent again',
        async (journal) => {
          await journal.append(planned(1));
          await journal.append(planned(1));
        },
        async (journal) => {
          const letters = await journal.deadLetters.list();
          deepEqual(
            letters.map(({ offset, stage, code, event }) => [offset, stage, code, event?.id]),
            [[2, 'plan', 'FIELD_MISSING', planned(1).events[1]?.id]],
          );
          equal(journal.deadLetters.count, 1);
        },
      );
    });

    describe('open transactions', () => {
      holds(
        'a watermark may begin at the head when every transaction has ended',
        async (journal) => {
          await journal.append(tx(1, 3));
        },
        async (journal) => {
          equal(await journal.settledAt(), 3);
        },
      );

      const interleaved = async (journal: Journal): Promise<void> => {
        await journal.append({ ...tx(1), source: 'other' });
        await journal.append(part(1, 0, 1, false));
        await journal.append({ ...tx(2), source: 'other' });
        await journal.append(part(1, 1, 1, false));
        await journal.append({ ...tx(3), source: 'other' });
      };

      holds(
        'a watermark begins before the first part of an open transaction, whatever other sources appended since',
        interleaved,
        async (journal) => {
          equal(await journal.settledAt(), 1);
        },
      );

      holds(
        'a watermark may begin at the head again once the transaction has ended',
        async (journal) => {
          await interleaved(journal);
          await journal.append(part(1, 2, 1, true));
        },
        async (journal) => {
          equal(await journal.settledAt(), journal.head);
        },
      );
    });

    describe('identity', () => {
      it('stays over a restart, as a later life, until it is renewed, which is durable', async ({
        journal,
        restart,
      }) => {
        const { epoch, life } = journal.identity;
        ok(epoch.length > 0 && Number.isSafeInteger(life));
        deepEqual(journal.identity, { epoch, life });
        const later = restart ? await restart() : journal;
        equal(later.identity.epoch, epoch);
        if (restart) ok(later.identity.life > life);
        await later.renew();
        const renewed = later.identity.epoch;
        ok(renewed !== epoch);
        if (restart) equal((await restart()).identity.epoch, renewed);
      });
    });

    describe('append', () => {
      it('an empty journal has nothing: head 0, first 1, no entries', async ({ journal }) => {
        equal(journal.head, ORIGIN);
        equal(journal.first, 1);
        deepEqual(await journal.read(ORIGIN, 10), []);
        equal(await journal.resumeAt('s'), null);
        equal(journal.report.entries, 0);
      });

      holds(
        'offsets are 1, 2, 3, ... in the order of the calls, awaited or not',
        async (journal) => {
          const appended = await Promise.all([1, 2, 3, 4].map((n) => journal.append(tx(n, n))));
          deepEqual(
            appended.map(({ offset }) => offset),
            [1, 3, 6, 10],
          );
        },
        async (journal) => {
          const entries = await journal.read(ORIGIN, 100);
          deepEqual(
            entries.map(({ offset }) => offset),
            range(1, 10),
          );
          deepEqual(
            entries.map(({ position }) => position),
            [1, 2, 2, 3, 3, 3, 4, 4, 4, 4].map(at),
          );
        },
      );

      holds(
        'what is read is what was appended, in every field',
        async (journal) => {
          await journal.append(rich);
        },
        async (journal) => {
          const { source, epoch, position, receivedAt } = rich;
          deepEqual(
            await journal.read(ORIGIN, 100),
            rich.events.map((event, index) => ({
              offset: index + 1,
              source,
              epoch,
              position,
              commit: index === rich.events.length - 1,
              event,
              plan: rich.plans[index],
              receivedAt,
            })),
          );
        },
      );

      holds(
        'only the last entry of a committed transaction carries the commit',
        async (journal) => {
          await journal.append(part(1, 0, 2, false));
          await journal.append(part(1, 2, 2, true));
        },
        async (journal) => {
          deepEqual(
            (await journal.read(ORIGIN, 10)).map(({ commit }) => commit),
            [false, false, false, true],
          );
        },
      );

      it('a batch of thousands is one whole', async ({ journal }) => {
        const { offset } = await journal.append(tx(1, 5_000));
        equal(offset, 5_000);
        equal((await journal.read(ORIGIN, 10_000)).length, 5_000);
      });

      it('appends asked for before `close` are durable when it resolves', async ({ journal, restart }) => {
        const appends = range(1, 20).map((n) => journal.append(tx(n)));
        await journal.close();
        deepEqual(
          (await Promise.all(appends)).map(({ offset }) => offset),
          range(1, 20),
        );
        if (restart) equal((await restart()).head, 20);
      });

      it('a closed journal refuses to be used', async ({ journal }) => {
        await journal.close();
        await rejects(journal.append(tx(1)), { code: 'CLOSED' });
        await rejects(journal.read(ORIGIN, 1), { code: 'CLOSED' });
        await rejects(journal.settle('c', ORIGIN), { code: 'CLOSED' });
        await rejects(journal.deadLetters.put(letter(1)), { code: 'CLOSED' });
        await journal.close();
      });

      it('plans and events must be as many', async ({ journal }) => {
        await rejects(journal.append({ ...tx(1, 2), plans: [] }), { code: 'ASSERTION' });
        equal(journal.head, 0);
      });
    });

    describe('idempotence of an ordered source', () => {
      it('a transaction sent again changes nothing', async ({ journal }) => {
        await journal.append(tx(1, 3));
        deepEqual(await journal.append(tx(1, 3)), { offset: 3, duplicates: 3 });
        equal(journal.head, 3);
      });

      it('an older transaction sent again changes nothing, and its offset is not before its own', async ({
        journal,
      }) => {
        await journal.append(tx(1, 2));
        await journal.append(tx(2, 2));
        const { offset, duplicates } = await journal.append(tx(1, 2));
        equal(duplicates, 2);
        ok(offset >= 2 && offset <= 4);
        equal(journal.head, 4);
      });

      it('two copies asked for together are one', async ({ journal }) => {
        const [first, second] = await Promise.all([journal.append(tx(1, 2)), journal.append(tx(1, 2))]);
        deepEqual(
          [first, second],
          [
            { offset: 2, duplicates: 0 },
            { offset: 2, duplicates: 2 },
          ],
        );
      });

      holds(
        'a transaction of which a part is there is completed, however it is cut the second time',
        async (journal) => {
          await journal.append(part(1, 0, 3, false));
          deepEqual(await journal.append(part(1, 0, 2, false)), { offset: 3, duplicates: 2 });
          deepEqual(await journal.append(part(1, 2, 4, true)), { offset: 6, duplicates: 1 });
        },
        async (journal) => {
          const entries = await journal.read(ORIGIN, 10);
          deepEqual(
            entries.map(({ event }) => event.id),
            range(0, 5).map((index) => `1:${String(index)}`),
          );
          deepEqual(await journal.resumeAt('s'), { epoch: 'e', position: at(1) });
        },
      );

      holds(
        'a source resumes at its last commit, not at a part',
        async (journal) => {
          await journal.append(tx(1));
          await journal.append(part(2, 0, 2, false));
        },
        async (journal) => {
          deepEqual(await journal.resumeAt('s'), { epoch: 'e', position: at(1) });
        },
      );

      holds(
        'a transaction sent whole after a restart in its middle is there once',
        async (journal) => {
          await journal.append(tx(1));
          await journal.append(part(2, 0, 2, false));
        },
        async (journal) => {
          await journal.resumeAt('s');
          await journal.append(tx(1));
          await journal.append(tx(2, 5));
          const entries = await journal.read(ORIGIN, 100);
          deepEqual(
            entries.map(({ event }) => event.id),
            ['1:0', ...range(0, 4).map((index) => `2:${String(index)}`)],
          );
          deepEqual(
            entries.map(({ commit }) => commit),
            [true, false, false, false, false, true],
          );
        },
      );

      holds(
        'the end of a transaction that brings nothing new is marked, so that a watermark can stand there',
        async (journal) => {
          await journal.append(part(1, 0, 2, false));
          const { offset } = await journal.append(part(1, 2, 0, true));
          equal(offset, 3);
          deepEqual(await journal.append(part(1, 0, 2, true)), { offset: 3, duplicates: 2 });
        },
        async (journal) => {
          const entries = await journal.read(ORIGIN, 10);
          deepEqual(
            entries.map(({ commit }) => commit),
            [false, false, true],
          );
          equal(entries[2]?.event.type, COMMIT_MARK);
          deepEqual(entries[2]?.plan.actions, []);
          deepEqual(await journal.resumeAt('s'), { epoch: 'e', position: at(1) });
        },
      );

      holds(
        'a commit without events only moves the place to resume from',
        async (journal) => {
          await journal.append(tx(1));
          await journal.append(part(5, 0, 0, true));
          await journal.append(tx(3));
        },
        async (journal) => {
          equal(journal.head, 1);
          deepEqual(await journal.resumeAt('s'), { epoch: 'e', position: at(5) });
        },
      );

      holds(
        'positions of another epoch, and of another source, are other positions',
        async (journal) => {
          await journal.append(tx(7));
          await journal.append({ ...tx(3), epoch: 'f' });
          await journal.append({ ...tx(2), source: 't' });
        },
        async (journal) => {
          equal(journal.head, 3);
          deepEqual(await journal.resumeAt('s'), { epoch: 'f', position: at(3) });
          deepEqual(await journal.resumeAt('t'), { epoch: 'e', position: at(2) });
        },
      );

      holds(
        'a batch that restarts its source is never a duplicate, and lower positions are new after it',
        async (journal) => {
          await journal.append(tx(9));
          await journal.append({ ...tx(9), restart: true });
          await journal.append({ ...tx(4), restart: true });
          deepEqual(await journal.append(tx(5)), { offset: 4, duplicates: 0 });
        },
        async (journal) => {
          deepEqual(await journal.resumeAt('s'), { epoch: 'e', position: at(5) });
        },
      );

      it('a part whose beginning never came is refused, and so is what follows until the source has asked where to go on', async ({
        journal,
      }) => {
        await journal.append(part(1, 0, 2, false));
        await rejects(journal.append(part(1, 3, 2, true)), { code: 'JOURNAL_PART_MISSING' });
        await rejects(journal.append(tx(2)), { code: 'JOURNAL_PART_MISSING' });
        deepEqual((await journal.append({ ...tx(1), source: 'other' })).offset, 3);
        await journal.resumeAt('s');
        equal((await journal.append(tx(1, 5))).duplicates, 2);
        equal(journal.head, 6);
      });

      it('batches queued behind a refused one do not overtake it', async ({ journal }) => {
        const results = await Promise.allSettled([
          journal.append(tx(1)),
          journal.append(part(2, 1, 1, true)),
          journal.append(tx(3)),
        ]);
        deepEqual(
          results.map(({ status }) => status),
          ['fulfilled', 'rejected', 'rejected'],
        );
        equal(journal.head, 1);
      });

      for (const seed of range(1, 20)) {
        it(`a feed cut and repeated at random is there once and in order (seed ${String(seed)})`, async ({
          journal,
        }) => {
          await redeliver(journal, seed);
        });
      }
    });

    describe('idempotence of a source without order', () => {
      holds(
        'an event sent again is known by its id, and its offset is told',
        async (journal) => {
          await journal.append(loose('a', 'b'));
          await journal.append(loose('c'));
          deepEqual(await journal.append(loose('b')), { offset: 2, duplicates: 1 });
        },
        async (journal) => {
          deepEqual(await journal.append(loose('a')), { offset: 1, duplicates: 1 });
          equal(journal.head, 3);
          equal(await journal.resumeAt('w'), null);
        },
      );

      it('of a batch that is known in part the rest is appended, committed by its last new event', async ({
        journal,
      }) => {
        await journal.append(loose('b', 'd'));
        deepEqual(await journal.append(loose('a', 'b', 'c', 'd')), { offset: 2, duplicates: 2 });
        const entries = await journal.read(2 as Offset, 10);
        deepEqual(
          entries.map(({ event, commit }) => [event.id, commit]),
          [
            ['a', false],
            ['c', true],
          ],
        );
      });

      it('an id that comes twice in one batch is one event', async ({ journal }) => {
        deepEqual(await journal.append(loose('a', 'b', 'a')), { offset: 2, duplicates: 1 });
        equal(journal.head, 2);
      });

      it('copies asked for together are one', async ({ journal }) => {
        const appended = await Promise.all([loose('a'), loose('a'), loose('a')].map((batch) => journal.append(batch)));
        deepEqual(appended, [
          { offset: 1, duplicates: 0 },
          { offset: 1, duplicates: 1 },
          { offset: 1, duplicates: 1 },
        ]);
      });

      it('the same id from two sources is two events', async ({ journal }) => {
        await journal.append(loose('a'));
        equal((await journal.append({ ...loose('a'), source: 'x' })).duplicates, 0);
        equal((await journal.append({ ...loose('xa'), source: '' })).duplicates, 0);
      });

      it('ids that only look alike are told apart', async ({ journal }) => {
        const ids = ['a', 'a\0', '\0a', 'A', 'á', 'a\u0301', '\ud800', '\udfff', '%', '_', '"', "'", ' a', ''];
        for (const id of ids) equal((await journal.append(loose(id))).duplicates, 0, JSON.stringify(id));
        for (const id of ids) equal((await journal.append(loose(id))).duplicates, 1, JSON.stringify(id));
        deepEqual(
          (await journal.read(ORIGIN, 100)).map(({ event }) => event.id),
          ids,
        );
      });
    });

    describe('read and changed', () => {
      it('a page is at most as long as asked for and goes on where the last one ended', async ({ journal }) => {
        await journal.append(tx(1, 7));
        const pages = [
          await journal.read(ORIGIN, 3),
          await journal.read(3 as Offset, 3),
          await journal.read(6 as Offset, 3),
        ];
        deepEqual(
          pages.map((page) => page.map(({ offset }) => offset)),
          [[1, 2, 3], [4, 5, 6], [7]],
        );
        deepEqual(await journal.read(7 as Offset, 3), []);
        deepEqual(await journal.read(70 as Offset, 3), []);
      });

      it('whoever waits wakes when the head has moved beyond its place, not before', async ({ journal }) => {
        await journal.append(tx(1));
        const { signal } = new AbortController();
        await journal.changed(ORIGIN, signal);
        let woken = false;
        const waiting = journal.changed(2 as Offset, signal).then(() => (woken = true));
        await journal.append(tx(2));
        await journal.read(ORIGIN, 1);
        equal(woken, false);
        await journal.append(tx(3));
        await waiting;
        equal(journal.head, 3);
      });

      it('whoever waits wakes when the signal aborts', async ({ journal }) => {
        const controller = new AbortController();
        const waiting = journal.changed(ORIGIN, controller.signal);
        controller.abort();
        await waiting;
        await journal.changed(ORIGIN, controller.signal);
      });

      it('when `append` has resolved, the entry can be read', async ({ journal }) => {
        for (const n of range(1, 50)) {
          const { offset } = await journal.append(tx(n));
          equal(journal.head, offset);
          equal((await journal.read((offset - 1) as Offset, 5)).length, 1);
        }
      });
    });

    describe('mentions', () => {
      holds(
        'finds the newest entries that name a target, newest first, and no others',
        async (journal) => {
          await journal.append(naming('k:1', 'k:2', 'k:1', 'k:10', '%', 'k:1'));
        },
        async (journal) => {
          const offsets = async (target: string, limit = 10, within = 100): Promise<readonly number[]> =>
            (await journal.mentions(target, limit, within)).map(({ offset }) => offset);
          deepEqual(await offsets('k:1'), [6, 3, 1]);
          deepEqual(await offsets('k:1', 2), [6, 3]);
          deepEqual(await offsets('k:1', 10, 4), [6, 3]);
          deepEqual(await offsets('k:'), []);
          deepEqual(await offsets('%'), [5]);
          deepEqual(await offsets('created'), []);
        },
      );

      it('looks far back when it may', async ({ journal }) => {
        await journal.append(naming('needle', ...range(1, 6_000).map((n) => `hay:${String(n)}`)));
        deepEqual(
          (await journal.mentions('needle', 1, 10_000)).map(({ offset }) => offset),
          [1],
        );
        deepEqual(await journal.mentions('needle', 1, 5_000), []);
      });
    });

    describe('cursors', () => {
      holds(
        'a consumer finds its place again; a new one has none',
        async (journal) => {
          await journal.append(tx(1, 5));
          await journal.settle('layer:a', 2 as Offset);
          await journal.settle('layer:a', 4 as Offset);
          await journal.settle('layer:b', ORIGIN);
        },
        async (journal) => {
          equal(await journal.cursor('layer:a'), 4);
          equal(await journal.cursor('layer:b'), 0);
          equal(await journal.cursor('layer:c'), null);
        },
      );

      it('a place never moves back, nor beyond the head', async ({ journal }) => {
        await journal.append(tx(1, 5));
        await journal.settle('c', 4 as Offset);
        await journal.settle('c', 2 as Offset);
        equal(await journal.cursor('c'), 4);
        await rejects(journal.settle('c', 6 as Offset), { code: 'ASSERTION' });
      });
    });

    describe('a consumer that is not configured any more', () => {
      it('does not hold back trimming, and begins anew when it comes back', async ({ journal, restart }) => {
        await journal.append(tx(1, 5));
        await journal.settle('gone', 1 as Offset);
        await journal.settle('kept', 4 as Offset);
        await journal.keepCursors(['kept', 'not there yet']);
        equal(await journal.cursor('gone'), null);
        equal(await journal.cursor('kept'), 4);
        const later = restart ? await restart() : journal;
        equal(await later.cursor('gone'), null);
        equal(await later.cursor('kept'), 4);
        equal(await later.trim(Infinity), 4);
        await later.settle('gone', 2 as Offset);
        equal(await later.cursor('gone'), 2);
      });
    });

    describe('trim', () => {
      holds(
        'forgets what is older than the retention, up to the first entry that is not',
        async (journal) => {
          for (const n of [10, 20, 15, 30, 5])
            await journal.append({ ...tx(n * 100 + Number(journal.head)), epoch: String(n), receivedAt: n });
          equal(await journal.trim(25), 3);
          equal(await journal.trim(25), 0);
        },
        async (journal) => {
          equal(journal.first, 4);
          equal(journal.head, 5);
          deepEqual(
            (await journal.read(ORIGIN, 10)).map(({ offset }) => offset),
            [4, 5],
          );
          equal(journal.report.entries, 2);
        },
      );

      it('forgets nothing that a consumer has still to read', async ({ journal }) => {
        await journal.append(tx(1, 10));
        await journal.settle('slow', 3 as Offset);
        await journal.settle('fast', 9 as Offset);
        equal(await journal.trim(Infinity), 3);
        equal(journal.first, 4);
        await journal.settle('slow', 10 as Offset);
        equal(await journal.trim(Infinity), 6);
        deepEqual(
          (await journal.read(ORIGIN, 10)).map(({ offset }) => offset),
          [10],
        );
      });

      it('a consumer that has settled nothing keeps everything', async ({ journal }) => {
        await journal.settle('new', ORIGIN);
        await journal.append(tx(1, 3));
        equal(await journal.trim(Infinity), 0);
      });

      holds(
        'offsets, places to resume from and cursors outlive the entries',
        async (journal) => {
          await journal.append(tx(1, 3));
          await journal.settle('c', 3 as Offset);
          equal(await journal.trim(Infinity), 3);
        },
        async (journal) => {
          equal(journal.head, 3);
          equal(journal.first, 4);
          equal(journal.report.entries, 0);
          deepEqual(await journal.resumeAt('s'), { epoch: 'e', position: at(1) });
          equal(await journal.cursor('c'), 3);
          equal((await journal.append(tx(1, 3))).duplicates, 3);
        },
      );

      it('offsets go on after everything was forgotten', async ({ journal, restart }) => {
        await journal.append(tx(1, 3));
        await journal.trim(Infinity);
        const again = restart ? await restart() : journal;
        equal((await again.append(tx(2))).offset, 4);
      });

      it('an event id is remembered as long as its entry', async ({ journal }) => {
        await journal.append({ ...loose('a'), receivedAt: 1 });
        await journal.append({ ...loose('b'), receivedAt: 9 });
        await journal.trim(5);
        equal((await journal.append(loose('b'))).duplicates, 1);
        equal((await journal.append(loose('a'))).duplicates, 0);
      });

      it('goes on in steps beside appends, and takes thousands', async ({ journal }) => {
        await journal.append(tx(1, 5_000));
        const [forgotten] = await Promise.all([
          journal.trim(Infinity),
          ...range(2, 20).map((n) => journal.append({ ...tx(n), receivedAt: 1e15 })),
        ]);
        ok(forgotten >= 5_000);
        equal(journal.head, 5_019);
      });
    });

    describe('dead letters', () => {
      holds(
        'are kept with their cause until they are removed',
        async (journal) => {
          const kept = await Promise.all([1, 2, 3].map((n) => journal.deadLetters.put(letter(n))));
          deepEqual(
            kept,
            [1, 2, 3].map((n, index) => ({ id: kept[index]?.id, ...letter(n) })),
          );
          ok(kept.every(({ id }, index) => index === 0 || id > (kept[index - 1]?.id ?? 0)));
          equal(await journal.deadLetters.remove(kept[1]?.id ?? 0), true);
          equal(await journal.deadLetters.remove(kept[1]?.id ?? 0), false);
        },
        async ({ deadLetters }) => {
          equal(deadLetters.count, 2);
          const all = await deadLetters.list();
          deepEqual(
            all.map(({ message }) => message),
            ['cause 1', 'cause 3'],
          );
          deepEqual(await deadLetters.get(all[1]?.id ?? 0), all[1]);
          deepEqual(await deadLetters.list({ limit: 1 }), all.slice(0, 1));
          deepEqual(await deadLetters.list({ after: all[0]?.id ?? 0 }), all.slice(1));
          equal(await deadLetters.get(9_999), null);
        },
      );

      it('are bounded in number: the oldest go, those that come last stay', async ({ journal, restart }) => {
        const problem = (n: number): Plan['problems'][number] => ({
          contract: `c${String(n)}`,
          action: 'delete_key',
          template: '{x}',
          code: 'FIELD_MISSING',
          message: 'no x',
        });
        const batch = tx(1);
        await journal.append({ ...batch, plans: [{ ...NO_PLAN, problems: range(1, 10_005).map(problem) }] });
        const newest = await journal.deadLetters.put(letter(1));
        const { deadLetters } = journal;
        // The oldest may go in a write of its own, behind the one that was too many.
        const oneMoreWrite = (): Promise<boolean> => deadLetters.remove(0);
        await oneMoreWrite();
        equal(deadLetters.count, 10_000);
        const [oldest] = await deadLetters.list({ limit: 1 });
        ok(oldest?.message.includes('"c7"'), oldest?.message);
        equal((await deadLetters.get(newest.id))?.message, 'cause 1');
        equal(await deadLetters.remove(newest.id), true);
        equal(deadLetters.count, 9_999);
        for (const n of [2, 3]) await deadLetters.put(letter(n));
        await oneMoreWrite();
        equal(deadLetters.count, 10_000);
        if (restart) equal((await restart()).deadLetters.count, 10_000);
      });

      it('are bounded in size: however few, and the newest stays', async ({ journal }) => {
        const large = { ...letter(1), message: 'x'.repeat(40 * 1024 * 1024) };
        await journal.deadLetters.put(large);
        const second = await journal.deadLetters.put(large);
        const third = await journal.deadLetters.put(letter(2));
        deepEqual(
          (await journal.deadLetters.list()).map(({ id }) => id),
          [second.id, third.id],
        );
        equal(journal.deadLetters.count, 2);
      });

      it('the id of a removed letter is not given again', async ({ journal, restart }) => {
        const { id } = await journal.deadLetters.put(letter(1));
        await journal.deadLetters.remove(id);
        const again = restart ? await restart() : journal;
        ok((await again.deadLetters.put(letter(2))).id > id);
      });
    });
  });
}

const NO_PLAN: Plan = { contractHash: 'h', actions: [], problems: [] };

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function at(position: number): Position {
  return String(position).padStart(6, '0') as Position;
}

/** Changes `first` and following of transaction `n` of source `s`. */
function part(n: number, first: number, count: number, commit: boolean): PlannedBatch {
  const events = range(first, first + count - 1).map((index) => change('s', `${String(n)}:${String(index)}`));
  return {
    source: 's',
    epoch: 'e',
    position: at(n),
    first,
    commit,
    events,
    plans: events.map(() => NO_PLAN),
    receivedAt: 1,
  };
}

function tx(n: number, count = 1): PlannedBatch {
  return part(n, 0, count, true);
}

function loose(...ids: readonly string[]): PlannedBatch {
  const events = ids.map((id) => change('w', id));
  return {
    source: 'w',
    epoch: '',
    position: null,
    first: 0,
    commit: true,
    events,
    plans: events.map(() => NO_PLAN),
    receivedAt: 1,
  };
}

function naming(...targets: readonly string[]): PlannedBatch {
  const batch = tx(1, targets.length);
  const plans = targets.map((target): Plan => ({
    ...NO_PLAN,
    actions: [{ kind: 'delete_key', target, contract: 'c' }],
  }));
  return { ...batch, plans };
}

function change(source: string, id: string): ChangeEvent {
  return { id, type: 'product.created', source, data: { 'k:': '%' } };
}

function letter(n: number): Omit<DeadLetter, 'id'> {
  return {
    offset: n === 1 ? null : (n as Offset),
    source: 's',
    stage: 'plan',
    code: 'TEMPLATE_FIELD_MISSING',
    message: `cause ${String(n)}`,
    event: n === 2 ? null : change('s', 'x'),
    action: n === 3 ? { kind: 'delete_key', target: 'k', contract: 'c' } : null,
    attempts: n,
    at: 1_000 + n,
  };
}

const row = { id: 1, name: 'Ä\0"\\\ud800', price: '12.50', big: 1e21, none: null, list: [1, [2, {}]] };

const rich: PlannedBatch = {
  source: 's',
  epoch: 'system 1, timeline "2"',
  position: at(1),
  first: 0,
  commit: true,
  receivedAt: 1_767_225_600_123,
  events: [
    change('s', '1'),
    { id: '2', type: 't', source: 's', subject: '', time: '2026-01-01T00:00:00Z', data: null },
    {
      id: '3',
      type: 't',
      source: 's',
      data: row,
      row: { relation: 'public.p', op: 'created', before: null, after: row, beforeHas: 'none' },
    },
    {
      id: '4',
      type: 't',
      source: 's',
      data: { id: 2 },
      row: {
        relation: 'public.p',
        op: 'updated',
        before: { id: 1 },
        after: { id: 2 },
        beforeHas: 'key',
        unknown: ['name'],
      },
    },
    {
      id: '5',
      type: 't',
      source: 's',
      data: { id: 1 },
      row: { relation: 'p', op: 'deleted', before: { id: 1 }, after: null, beforeHas: 'full' },
    },
    {
      id: '6',
      type: 't',
      source: 's',
      data: null,
      row: { relation: 'p', op: 'truncated', before: null, after: null, beforeHas: 'none' },
    },
    {
      id: '7',
      type: 't',
      source: 's',
      data: [],
      explicit: [
        { kind: 'purge_tag', target: 'x' },
        { kind: 'delete_key', target: 'y', namespace: 'n' },
      ],
    },
    { id: '8', type: 't', source: 's', data: 0 },
    { id: '9', type: 't', source: 's', data: JSON.parse('{"__proto__":{"a":1},"constructor":2}') as null },
  ],
  plans: [
    NO_PLAN,
    { contractHash: '', actions: [{ kind: 'refresh_projection', target: 'p', contract: 'c' }], problems: [] },
    {
      contractHash: 'h2',
      actions: [{ kind: 'delete_key', target: 'k:\0', contract: 'c', namespace: 'n' }],
      problems: [],
    },
    { contractHash: 'h2', actions: [{ kind: 'purge_url', target: '/', contract: 'd', layers: [] }], problems: [] },
    {
      contractHash: 'h',
      actions: [
        { kind: 'purge_namespace', target: '*', contract: 'gap', widened: true },
        { kind: 'expire_tag', target: 't', contract: 'c', namespace: '', layers: ['edge', 'local'], widened: true },
      ],
      problems: [{ contract: 'c', action: 'delete_key', template: 'p:{x}', code: 'C', message: 'm' }],
    },
    { contractHash: 'h', actions: [{ kind: 'expire_key', target: 'k', contract: 'c' }], problems: [] },
    { contractHash: 'h', actions: [{ kind: 'purge_tag', target: 'k', contract: 'c' }], problems: [] },
    { contractHash: 'h', actions: [{ kind: 'refresh_key', target: 'k', contract: 'c' }], problems: [] },
    NO_PLAN,
  ],
};

/** Sends ten transactions of random size in random parts, starting again from `resumeAt` at random moments. */
async function redeliver(journal: Journal, seed: number): Promise<void> {
  let state = seed;
  const random = (below: number): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  const sizes = range(1, 10).map(() => 1 + random(6));
  for (let next = 1; next <= sizes.length;) {
    if (random(4) === 0) {
      const resume = await journal.resumeAt('s');
      // A source may begin earlier than asked to: what was not acknowledged comes again.
      next = Math.max(1, Number(resume?.position ?? 0) + 1 - random(3));
    }
    const size = sizes[next - 1] ?? 1;
    const cut = random(size + 1);
    const parts =
      cut > 0 && cut < size ? [part(next, 0, cut, false), part(next, cut, size - cut, true)] : [tx(next, size)];
    const sent = parts.slice(0, random(3) === 0 ? 1 : 2);
    await Promise.all(sent.map((batch) => journal.append(batch)));
    if (sent.at(-1)?.commit) next++;
  }
  const entries: readonly Entry[] = await journal.read(ORIGIN, 1_000);
  const expected = sizes.flatMap((size, index) =>
    range(0, size - 1).map((change) => `${String(index + 1)}:${String(change)}`),
  );
  deepEqual(
    entries.map(({ event }) => event.id),
    expected,
  );
  deepEqual(
    entries.map(({ offset }) => offset),
    range(1, expected.length),
  );
}
