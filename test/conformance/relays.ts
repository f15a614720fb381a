import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import type { Journal } from '../../src/journal/journal.ts';
import type { Ownership, Relays, RelayWord } from '../../src/journal/relays.ts';
import { CONTRACTS_CHANGED } from '../../src/model/event.ts';
import type { PlannedBatch } from '../../src/model/entry.ts';
import type { Position } from '../../src/model/position.ts';
import type { TestFrame } from './frame.ts';

export type RelayJournal = Journal & { readonly relays: Relays };

/** Two openings of one empty journal. */
export interface RelaysUnderTest {
  readonly one: RelayJournal;
  readonly other: RelayJournal;
  /** `one` is cut off until its leases have run out, and does not notice by the journal. */
  readonly cutOne: () => Promise<void>;
  readonly mendOne: () => Promise<void>;
  /** Lets time pass, where it does not pass by itself. */
  readonly pass: () => Promise<void>;
  readonly dispose: () => Promise<void>;
}

const never = new AbortController().signal;

/** The promises of `Relays`, for every journal that several daemons write. */
export function relaysConformance(frame: TestFrame, name: string, open: () => Promise<RelaysUnderTest>): void {
  const it = (claim: string, body: (subject: RelaysUnderTest) => Promise<void>): void => {
    frame.it(claim, async () => {
      const subject = await open();
      try {
        await body(subject);
      } finally {
        await subject.dispose();
      }
    });
  };

  frame.describe(`relays ${name}`, () => {
    it('of two that want work one gets it, and the other when it is released, with a higher term', async ({
      one,
      other,
      pass,
    }) => {
      const first = await own(one, 'source:s');
      let second: Ownership | null = null;
      const waiting = other.relays.own('source:s', never).then((got) => (second = got));
      await pass();
      equal(second, null);
      equal(other.relays.owners.get('source:s')?.relay, one.relays.self);
      await first.release();
      await until(pass, () => second !== null);
      ok(((await waiting)?.term ?? 0) > first.term);
      ok(first.lost.aborted);
    });

    it('the term is higher than any life of the journal', async ({ one, other }) => {
      ok((await own(one, 'w')).term > Math.max(one.identity.life, other.identity.life));
    });

    it('whoever stops waiting gets nothing', async ({ one, other, pass }) => {
      await own(one, 'w');
      const stop = new AbortController();
      const waiting = other.relays.own('w', stop.signal);
      await pass();
      stop.abort();
      equal(await waiting, null);
    });

    it('a later owner goes on where the earlier one was, whose late batch is refused', async ({
      one,
      other,
      cutOne,
      mendOne,
      pass,
    }) => {
      await own(one, 'source:s');
      await one.append(tx(1));
      await cutOne();
      const late = one.append(tx(2)).then(
        () => 'appended',
        (error: unknown) => (error as { code?: string }).code,
      );
      let second: Ownership | null = null;
      void other.relays.own('source:s', never).then((got) => (second = got));
      await until(pass, () => second !== null);
      deepEqual(await other.resumeAt('s'), { epoch: 'e', position: tx(1).position });
      equal(other.head, 1);
      await other.append(tx(2, 'h', 'by the later one'));
      await mendOne();
      await until(pass, () => one.head === 2);
      equal(await late, 'RELAY_DEPOSED');
      await rejects(one.append(tx(3)), { code: 'RELAY_DEPOSED' });
      deepEqual(
        (await other.read(0 as never, 10)).map(({ event }) => event.id),
        ['1', 'by the later one'],
      );
    });

    it('sources without order are taken from every relay', async ({ one, other, pass }) => {
      await own(one, 'source:s');
      await other.append({ ...tx(1), position: null });
      await until(pass, () => one.head === 1);
    });

    it('nothing is planned with old contracts once new ones are adopted, whatever the relay has heard', async ({
      one,
      other,
      pass,
    }) => {
      await one.append(adoption('old'));
      await one.append(tx(1, 'old'));
      await other.append(adoption('new'));
      await rejects(one.append(tx(2, 'old')), { code: 'CONTRACTS_SUPERSEDED' });
      await until(pass, () => one.relays.adopted === 'new');
      await one.resumeAt('s');
      await one.append(tx(2, 'new'));
    });

    it('a word is heard by the others and not by who said it', async ({ one, other, pass }) => {
      const heard: RelayWord[] = [];
      one.relays.hear(() => {
        throw new Error('heard itself');
      });
      other.relays.hear((word) => heard.push(word));
      await until(pass, () => {
        one.relays.say({ kind: 'left', id: 'x' });
        return heard.length > 0;
      });
      deepEqual(heard[0], { kind: 'left', id: 'x' });
    });

    it('whoever has a clock answers its time, and nobody answers for one that is not there', async ({
      one,
      other,
      pass,
    }) => {
      one.relays.answer({
        clock: 'c',
        now: () => 7,
        hello: () => Promise.reject(new Error('not asked')),
        ask: () => Promise.reject(new Error('not asked')),
      });
      let time: unknown;
      await until(pass, () => {
        void other.relays.timeOf('c').then((answer) => (time ??= answer));
        return time !== undefined && time !== null;
      });
      deepEqual(time, { clock: 'c', now: 7 });
      let nobody: unknown;
      void other.relays.timeOf('d').then((answer) => (nobody = answer));
      await until(pass, () => nobody !== undefined);
      equal(nobody, null);
    });
  });
}

async function own(journal: RelayJournal, work: string): Promise<Ownership> {
  const owned = await journal.relays.own(work, never);
  ok(owned);
  return owned;
}

async function until(pass: () => Promise<void>, holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn++) {
    ok(turn < 2_000, 'it does not come to be');
    await pass();
  }
}

function tx(n: number, hash = 'h', id = String(n)): PlannedBatch {
  return {
    source: 's',
    epoch: 'e',
    position: String(n).padStart(8, '0') as Position,
    first: 0,
    commit: true,
    receivedAt: 0,
    events: [{ id, type: 'product.updated', source: 's', data: null }],
    plans: [{ contractHash: hash, actions: [], problems: [] }],
  };
}

function adoption(hash: string): PlannedBatch {
  const event = { id: `contracts-${hash}`, type: CONTRACTS_CHANGED, source: 'tidemark', data: { hash } };
  return { ...tx(1, hash), source: 'tidemark', position: null, events: [event] };
}
