import { z } from 'zod';
import { duration, secret } from '../../runtime/options.ts';
import type { Secret } from '../../runtime/secret.ts';
import { qualified, tableName } from './tables.ts';

export interface PostgresOptions {
  readonly url: Secret;
  /** From `schema.table` to the entity that its rows are called in event types. */
  readonly tables: ReadonlyMap<string, string>;
  readonly slot?: string | undefined;
  readonly publication?: string | undefined;
  readonly create: boolean;
  readonly heartbeat: number;
  readonly gate: boolean;
  readonly messages: readonly string[];
}

const name = z.string().regex(/^[^.]+(\.[^.]+)?$/, 'a table is `table` or `schema.table`');
const entity = z.string().regex(/^[A-Za-z_][\w-]*$/, 'an entity is a word: letters, digits, _ and -');

const tables = z
  .union([z.record(name, entity), z.array(name)])
  .describe('Tables to follow, each with the word for its rows in event types; a list names rows after their table.')
  .transform((input, context) => {
    const pairs = Array.isArray(input)
      ? input.map((text) => [text, tableName(text).table] as const)
      : Object.entries(input);
    if (pairs.length === 0) context.addIssue({ code: 'custom', message: 'name at least one table' });
    return new Map(pairs.map(([text, word]) => [qualified(tableName(text)), word]));
  });

export const postgresOptions = z.strictObject({
  url: secret().describe('Connection URL of the primary. The user needs REPLICATION, and owns the tables if `create`.'),
  tables,
  slot: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, 'a slot name has 1 to 63 lower-case letters, digits and _')
    .optional()
    .describe('Replication slot. Default: tidemark_ and the name of the source.'),
  publication: z
    .string()
    .min(1)
    .max(63)
    .optional()
    .describe('Publication. Default: tidemark_ and the name of the source.'),
  create: z
    .boolean()
    .default(true)
    .describe('Create publication and slot when they are missing; else only check them.'),
  heartbeat: duration()
    .prefault('250ms')
    .describe('How often freshness is proven by an echo through the write-ahead log.'),
  gate: z
    .boolean()
    .default(true)
    .describe(
      'Hold each commit back until new readers see it. Off, it comes at once, and a load is only stored if it says with which snapshot it has read (`stamped` of `tidemark/postgres`).',
    ),
  messages: z
    .array(z.string().min(1))
    .default([])
    .describe('Prefixes of pg_logical_emit_message that become events `message.<prefix>`.'),
}) satisfies z.ZodType<PostgresOptions>;

/** Both names where the options leave them open. */
export function defaultName(source: string): string {
  return `tidemark_${source.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, 63);
}
