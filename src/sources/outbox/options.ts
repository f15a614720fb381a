import { z } from 'zod';
import { duration } from '../../runtime/options.ts';
import { TABLE_NAME } from './schema.ts';

export interface OutboxOptions {
  readonly path: string;
  readonly table: string;
  /** Milliseconds between two looks. */
  readonly interval: number;
  readonly batch: number;
  readonly keep: boolean;
  readonly create: boolean;
}

export const outboxOptions = z.strictObject({
  path: z.string().min(1).describe('The SQLite file of the application.'),
  table: z
    .string()
    .regex(TABLE_NAME, 'a table name is letters, digits and _, at most 63')
    .default('outbox')
    .describe('The outbox table.'),
  interval: duration()
    .prefault('25ms')
    .describe('How often the table is looked at. A look at an unchanged file costs microseconds.'),
  batch: z.int().min(1).max(10_000).default(500).describe('Most rows read at a time.'),
  keep: z.boolean().default(false).describe('Leave rows in the table once they are in the journal; else delete them.'),
  create: z.boolean().default(true).describe('Create the table when it is missing; else wait for it.'),
}) satisfies z.ZodType<OutboxOptions>;
