import { z } from 'zod';
import type { Kinds } from '../../src/config/kinds.ts';
import type { ActionKind } from '../../src/model/plan.ts';
import { secret } from '../../src/runtime/options.ts';

const none = (): Promise<never> => Promise.reject(new Error('a kind for reading configurations is not opened'));

const tables = z
  .record(z.string(), z.string())
  .transform((given) => new Map(Object.entries(given)))
  .describe('Tables to follow.');

/** Kinds as the real ones are, but small and unchanging, so that the expected findings are about reading alone. */
export const kinds: Kinds = {
  sources: [
    {
      type: 'http',
      summary: '',
      // Not strict, on purpose: a Kind that ignores what it does not know must not hide a mistyped key.
      options: z.object({ token: secret().optional(), max_batch: z.int().positive().default(10) }),
      can: { order: false, replay: false, prove: false },
    },
    {
      type: 'webhook',
      summary: '',
      options: z.strictObject({ secret: secret() }),
      can: { order: false, replay: false, prove: false },
    },
    {
      type: 'postgres',
      summary: '',
      options: z.strictObject({ url: secret().describe('Connection URL.'), tables, gate: z.boolean().default(true) }),
      can: { order: true, replay: true, prove: true },
      ungated: (options) => !(options as { readonly gate: boolean }).gate,
    },
  ],
  journals: [
    {
      type: 'sqlite',
      summary: '',
      options: z.strictObject({ path: z.string().default('.tidemark/journal.db') }),
      open: none,
    },
    { type: 'memory', summary: '', options: z.strictObject({}), open: none },
  ],
  layers: [
    {
      type: 'memory',
      summary: '',
      options: z.strictObject({ max_entries: z.int().positive().optional() }),
      can: new Set<ActionKind>(['delete_key', 'expire_key', 'purge_tag', 'expire_tag', 'purge_namespace']),
      open: none,
    },
    {
      type: 'varnish',
      summary: '',
      options: z.strictObject({ url: z.url() }),
      can: new Set<ActionKind>(['purge_url', 'purge_tag']),
      open: none,
    },
  ],
};
