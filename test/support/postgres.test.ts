import { afterAll, beforeAll, expect, it } from 'vitest';
import { pgServers, type PostgresServer } from './postgres.ts';

for (const { version, suite, start } of await pgServers()) {
  suite(`a private PostgreSQL ${version}`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.stop());

    it('is the version that was asked for and can be read from logically', async () => {
      const [row] = await server.sql(`select current_setting('server_version_num')::int / 10000 as major,
        current_setting('wal_level') as level`);
      expect(row).toEqual({ major: version, level: 'logical' });
    });

    it('keeps its data over a crash and a restart on the same port', async () => {
      await server.sql('create table kept (n int); insert into kept values (1)');
      const { port } = server;
      await server.crash();
      await expect(server.sql('select 1')).rejects.toThrow();
      await server.start();
      await server.restart();
      expect(server.port).toBe(port);
      expect(await server.sql('select n from kept')).toEqual([{ n: 1 }]);
    });

    it('answers nothing while it is paused', async () => {
      const client = await server.connect();
      server.pause();
      let answered = false;
      const answer = client.query('select 1').then(() => (answered = true));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(answered).toBe(false);
      server.resume();
      await answer;
    });
  });
}
