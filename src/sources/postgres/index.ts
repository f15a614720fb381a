import type { Source, SourceContext, SourceKind } from '../source.ts';
import { postgresOptions, type PostgresOptions } from './options.ts';
import { PostgresSource } from './source.ts';

export const postgres: SourceKind<PostgresOptions> = {
  type: 'postgres',
  summary: 'Row changes of PostgreSQL 14 and later by logical replication, with proofs of freshness.',
  options: postgresOptions,
  can: { order: true, replay: true, prove: true },
  ungated: ({ gate }) => !gate,
  open: (context: SourceContext, options: PostgresOptions): Promise<Source> =>
    Promise.resolve(new PostgresSource(context, options)),
};
