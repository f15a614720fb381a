import { resolve } from 'node:path';
import { loadSqlite } from '../../runtime/sqlite.ts';
import type { Source, SourceContext, SourceKind } from '../source.ts';
import { outboxOptions, type OutboxOptions } from './options.ts';
import { OutboxSource } from './outbox-source.ts';

export const outboxSource: SourceKind<OutboxOptions> = {
  type: 'outbox',
  summary: "Rows that an application inserts into a table of its SQLite file, in the change's own transaction.",
  options: outboxOptions,
  can: { order: true, replay: true, prove: true },
  open: async ({ name, runtime, baseDir }: SourceContext, options: OutboxOptions): Promise<Source> =>
    new OutboxSource({ name, runtime, open: await loadSqlite(), path: resolve(baseDir, options.path), options }),
};
