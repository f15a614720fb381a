import type { Pool } from 'pg';
import type { PostgresServer } from './postgres.ts';

/**
 * A table `item`, and beside it a counter for each id that ever was: bumped by triggers in the same transaction as each
 * insert, update, delete and truncation. So the state of a row, also of one that is not there, has a number that only
 * rises, in the order of commits; a value that is loaded with it says exactly how old it is.
 */
export async function createRowClock(server: PostgresServer): Promise<void> {
  await server.sql(`
    create table item (id int primary key, v int not null);
    create table row_clock (id int primary key, n bigint not null) with (fillfactor = 50);
    create function tick() returns trigger language plpgsql as $$ begin
      insert into row_clock select distinct id, 1 from changed order by id on conflict (id) do update set n = row_clock.n + 1;
      return null; end $$;
    create function tick_all() returns trigger language plpgsql as $$ begin
      update row_clock set n = n + 1;
      return null; end $$;
    ${ROW_CLOCK_TRIGGERS}`);
}

/** For a new table `item`. */
export const ROW_CLOCK_TRIGGERS = `
  create trigger i after insert on item referencing new table as changed for each statement execute function tick();
  create trigger u after update on item referencing new table as changed for each statement execute function tick();
  create trigger d after delete on item referencing old table as changed for each statement execute function tick();
  create trigger t after truncate on item for each statement execute function tick_all();`;

/** What a reader caches: the row as one snapshot sees it, and its number. */
export interface Version {
  readonly n: number;
  readonly v: number | null;
}

export async function loadVersion(client: Pool, id: number): Promise<Version> {
  const { rows } = await client.query<{ n: string | null; v: number | null }>(
    'select (select n from row_clock where id = $1) as n, (select v from item where id = $1) as v',
    [id],
  );
  return { n: Number(rows[0]?.n ?? 0), v: rows[0]?.v ?? null };
}

interface Sample {
  /** The number was there to be seen at this time at the latest. */
  readonly at: number;
  readonly n: number;
}

/** What the database has shown of some rows, and when: the measure that reads are held against. */
export class Observed {
  readonly #samples = new Map<number, Sample[]>();
  readonly #client: Pool;
  readonly #ids: readonly number[];
  readonly #keepMs: number;

  constructor(client: Pool, ids: readonly number[], keepMs: number) {
    this.#client = client;
    this.#ids = ids;
    this.#keepMs = keepMs;
  }

  async sample(): Promise<void> {
    const { rows } = await this.#client.query<{ id: number; n: string }>(
      'select id, n from row_clock where id = any($1)',
      [this.#ids],
    );
    const at = performance.now();
    for (const { id, n } of rows) {
      const samples = this.#samples.get(id) ?? [];
      this.#samples.set(id, samples);
      samples.push({ at, n: Number(n) });
      while (samples[1] && samples[1].at < at - this.#keepMs) samples.shift();
    }
  }

  /** The number that everybody could see at `time`; 0 when nothing is known of then. */
  leastAt(id: number, time: number): number {
    const samples = this.#samples.get(id) ?? [];
    let least = 0;
    for (const { at, n } of samples) {
      if (at > time) break;
      least = n;
    }
    return least;
  }
}
