/** Two real daemons on one journal in NATS, reading one PostgreSQL: whatever happens to the owner, every row comes once and in order. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Entry } from '../../src/model/entry.ts';
import type { Status } from '../../src/model/status.ts';
import { endAll, startDaemon, type Daemon } from '../support/daemon.ts';
import { NatsServer, natsSuite } from '../support/nats.ts';
import { pgServers, type PostgresServer } from '../support/postgres.ts';
import { until } from '../support/watched-cache.ts';

const withNats = await natsSuite();
const WORK = 'source:db';

/** The lease, and as long again for looking, for the walsender of the last owner, and for a busy machine. */
const TAKE_OVER_MAX_MS = 6_000;

async function json<T>({ url }: Daemon, path: string): Promise<T> {
  return (await (await fetch(url + path)).json()) as T;
}

async function owns(daemon: Daemon): Promise<boolean> {
  const { relays } = await json<Status>(daemon, '/v1/status');
  return relays?.work.find(({ name }) => name === WORK)?.ours === true;
}

async function eventually(what: string, holds: () => Promise<boolean>): Promise<void> {
  let has = false;
  const look = (): void => {
    void holds().then(
      (now) => (has = now),
      () => undefined,
    );
  };
  await until(what, () => {
    if (!has) look();
    return has;
  });
}

/** The rows that the journal holds, in its order. */
async function journaled(daemon: Daemon): Promise<unknown[]> {
  const { entries } = await json<{ entries: Entry[] }>(daemon, '/v1/journal?after=0&limit=1000');
  return entries.flatMap(({ event }) => (event.type === 'item.created' ? [(event.data as { id: number }).id] : []));
}

const [postgres] = (await pgServers()).slice(0, 1);
postgres?.suite('with PostgreSQL', () => {
  withNats('two daemons on one journal', () => {
    const cwd = mkdtempSync(join(tmpdir(), 'tidemark-relays-'));
    let nats: NatsServer;
    let server: PostgresServer;
    let rows = 0;

    const insert = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) await server.sql('insert into item values ($1)', [++rows]);
    };
    const allRows = (): number[] => Array.from({ length: rows }, (_, i) => i + 1);
    const ownerOf = async (one: Daemon, other: Daemon): Promise<[Daemon, Daemon]> => {
      await eventually('an owner', async () => (await owns(one)) || (await owns(other)));
      return (await owns(one)) ? [one, other] : [other, one];
    };
    /** How long until the other one does it, and what was written meanwhile is in the journal. */
    const takenOver = async (by: Daemon): Promise<number> => {
      const begun = performance.now();
      await eventually('a take-over', async () => (await owns(by)) && (await journaled(by)).length >= rows);
      return performance.now() - begun;
    };

    beforeAll(async () => {
      nats = await NatsServer.start();
      server = await postgres.start();
      await server.sql('create table item (id int primary key)');
      writeFileSync(
        join(cwd, 'tidemark.yaml'),
        `version: 1
journal: { type: nats, servers: '${nats.url}', stream: relays }
sources: { db: { type: postgres, url: '${server.url}', tables: { public.item: item } } }
namespaces: { item: { ttl: 1h, max_staleness: 2s } }
contracts:
  - name: item
    trigger: item.created
    actions: [{ delete_key: 'item:{id}' }]
`,
      );
    });
    afterAll(async () => {
      await endAll();
      await server.stop();
      await nats.stop();
      rmSync(cwd, { recursive: true, force: true });
    });

    it('an owner that hangs and wakes up, then one that is killed, lose nothing and turn nothing round', async () => {
      const [owner, other] = await ownerOf(await startDaemon({ cwd }), await startDaemon({ cwd }));
      await eventually(
        'the source',
        async () => (await json<Status>(owner, '/v1/status')).sources[0]?.state === 'streaming',
      );
      await insert(10);
      await eventually('the first rows', async () => (await journaled(other)).length === rows);

      owner.kill('SIGSTOP');
      await insert(10);
      const hung = await takenOver(other);
      await insert(10);
      owner.kill('SIGCONT');
      await eventually('the old owner to stand by', async () => !(await owns(owner)));
      await insert(10);
      await eventually('all rows', async () => (await journaled(owner)).length >= rows);
      expect(await journaled(owner)).toEqual(allRows());

      other.kill('SIGKILL');
      await insert(10);
      const killed = await takenOver(owner);
      await eventually('all rows', async () => (await journaled(owner)).length >= rows);
      expect(await journaled(owner)).toEqual(allRows());
      process.stderr.write(`take-over: hung ${Math.round(hung)} ms, killed ${Math.round(killed)} ms\n`);
      expect(Math.max(hung, killed)).toBeLessThan(TAKE_OVER_MAX_MS);
    }, 90_000);
  });
});
