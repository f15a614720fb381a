import { renameSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outboxOfEachTest, type OutboxShop } from '../../../test/support/outbox.ts';
import type { Resume } from '../../model/position.ts';
import { SeededRandom } from '../../runtime/virtual.ts';
import { positionOf } from './position.ts';
import { outboxSchema } from './schema.ts';

let shop: OutboxShop;
outboxOfEachTest((next) => {
  shop = next;
});

describe('a gap', () => {
  it('is rows that somebody else deleted before they were read, wherever they were', async () => {
    const reading = await shop.read();
    await reading.next();
    shop.insert('1', '2', '3', '4', '5');
    shop.app.exec('DELETE FROM outbox WHERE id IN (1, 3, 5)');
    const items = [
      await reading.change(),
      await reading.change(),
      await reading.change(),
      await reading.change(),
      await reading.change(),
    ];
    expect(
      items.map((item) => (item.kind === 'gap' ? [item.code, item.resume.position] : item.batch.events[0]?.data)),
    ).toEqual([
      ['OUTBOX_ROWS_MISSING', positionOf(1)],
      2,
      ['OUTBOX_ROWS_MISSING', positionOf(3)],
      4,
      ['OUTBOX_ROWS_MISSING', positionOf(5)],
    ]);
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
  });

  it('is a table emptied by somebody else, before anything new comes and before freshness is proven', async () => {
    shop.insert('1');
    const reading = await shop.read();
    await reading.data();
    await reading.next();
    shop.app.exec('BEGIN');
    shop.insert('2');
    shop.app.exec('DELETE FROM outbox; COMMIT');
    expect(await reading.next()).toMatchObject({ kind: 'gap', resume: { position: positionOf(2) } });
  });

  it('is another file in its place, whose rows then come', async () => {
    shop.insert('1', '2', '3');
    const reading = await shop.read();
    await reading.data();
    await reading.next();
    shop.app.close();
    renameSync(shop.path, `${shop.path}.old`);
    shop.app = shop.newFile();
    shop.insert('"new"');
    const gap = await reading.change();
    expect(gap).toMatchObject({ kind: 'gap', code: 'OUTBOX_REPLACED', resume: { position: positionOf(0) } });
    expect(await reading.data()).toEqual(['new']);
  });

  it('is another outbox than the journal knows', async () => {
    shop.insert('1');
    const reading = await shop.read({}, { epoch: 'another', position: positionOf(7) });
    expect(await reading.next()).toMatchObject({ kind: 'gap', code: 'OUTBOX_REPLACED' });
    expect(await reading.data()).toEqual([1]);
  });

  it('is a table that was dropped and made again, which gets an epoch of its own', async () => {
    shop.insert('1', '2', '3');
    const reading = await shop.read();
    const before = await reading.change();
    await reading.next();
    shop.app.exec(`DROP TABLE outbox; ${outboxSchema()}`);
    shop.insert('"new"');
    const gap = await reading.change();
    expect(gap).toMatchObject({ kind: 'gap', code: 'OUTBOX_RESET', resume: { position: positionOf(0) } });
    expect(before.kind === 'batch' && gap.kind === 'gap' && before.batch.epoch !== gap.resume.epoch).toBe(true);
    expect(await reading.data()).toEqual(['new']);
    expect(shop.app.prepare('SELECT epoch FROM outbox_epoch').all()).toEqual([
      { epoch: gap.kind === 'gap' && gap.resume.epoch },
    ]);
  });

  it('keeps late acknowledgements of the table before it from deleting rows of the new one', async () => {
    shop.insert('1', '2', '3');
    const reading = await shop.read();
    await reading.data();
    shop.app.exec(`DROP TABLE outbox; DROP TABLE outbox_epoch; ${outboxSchema()}`);
    shop.insert('4', '5');
    expect(await reading.change()).toMatchObject({ kind: 'gap', code: 'OUTBOX_REPLACED' });
    await reading.source.ack(positionOf(3));
    expect(await reading.data()).toEqual([4, 5]);
    await shop.runtime.clock.advance(1_000);
    await reading.next();
    expect(shop.count()).toBe(2);
  });

  it('is none when the table was empty from the start', async () => {
    shop.insert('1', '2');
    shop.app.exec('DELETE FROM outbox');
    const reading = await shop.read();
    expect(await reading.next()).toMatchObject({ kind: 'proof' });
    shop.insert('3');
    expect(await reading.data()).toEqual([3]);
  });
});

describe('any history of writes, crashes and restarts', () => {
  it.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
    'loses nothing, invents no gap and proves only what is true (seed %i)',
    async (seed) => {
      const random = new SeededRandom(seed);
      const below = (n: number): number => Math.floor(random.next() * n);
      /** When each committed row became visible, by its data. */
      const committedAt: number[] = [];
      let delivered = 0;
      /** What a journal would know: the newest batch it made durable. */
      let journaled: Resume | null = null;
      let reading = await shop.read({ batch: 1 + below(4), interval: 1 + below(40) });
      for (let step = 0; step < 120; step++) {
        switch (below(6)) {
          case 0:
          case 1:
            shop.app.exec('BEGIN');
            for (let n = below(4); n >= 0; n--) {
              shop.insert(String(committedAt.length));
              committedAt.push(shop.runtime.clock.mono());
            }
            shop.app.exec('COMMIT');
            break;
          case 2:
            shop.app.exec('BEGIN');
            shop.insert('-1');
            shop.app.exec('ROLLBACK');
            break;
          case 3:
            if (below(3) > 0) break;
            await reading.stop();
            if (below(2) === 0) await reading.source.close();
            delivered = journaled ? Number(journaled.position) : 0;
            reading = await shop.read({ batch: 1 + below(4), interval: 1 + below(40) }, journaled);
            break;
          default: {
            const item = await reading.next();
            if (item.kind === 'proof') {
              expect(committedAt.findIndex((at, row) => at < item.t0 && row >= delivered)).toBe(-1);
              break;
            }
            if (item.kind !== 'batch') throw new Error(`a ${item.kind} came`);
            const { events, epoch, position } = item.batch;
            expect(events.map(({ data }) => data)).toEqual(events.map((_, index) => delivered + index));
            delivered += events.length;
            expect(position).toBe(positionOf(delivered));
            if (below(2) === 0) journaled = { epoch, position: positionOf(delivered) };
            if (journaled) await reading.source.ack(journaled.position);
          }
        }
      }
      while (delivered < committedAt.length) delivered += (await reading.data()).length;
      expect(delivered).toBe(committedAt.length);
    },
  );
});
