import { z } from 'zod';
import { secret } from '../../runtime/options.ts';
import type { Secret } from '../../runtime/secret.ts';

export interface NatsJournalOptions {
  readonly servers: string | readonly string[];
  readonly stream: string;
  readonly replicas: number;
  readonly max_bytes?: number | undefined;
  readonly dedupe_ids: number;
  readonly user?: string | undefined;
  readonly password?: Secret | undefined;
  readonly token?: Secret | undefined;
  readonly credentials?: string | undefined;
}

export const natsJournalOptions = z.strictObject({
  servers: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .default('nats://127.0.0.1:4222')
    .describe('One url, or those of several servers of a cluster.'),
  stream: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/, 'letters, digits, - and _')
    .default('tidemark')
    .describe('The stream that is the journal, made when it is not there. Its subjects begin with this name.'),
  replicas: z.int().min(1).max(5).default(1).describe('In a cluster: 3 outlive the loss of a server.'),
  max_bytes: z.int().positive().optional().describe('Of the stream. When it is full, sources wait.'),
  /** 100,000 ids of UUID length make a checkpoint of 6 MB. */
  dedupe_ids: z
    .int()
    .positive()
    .default(100_000)
    .describe('Newest events of sources without order that are known again.'),
  user: z.string().min(1).optional(),
  password: secret().optional(),
  token: secret().optional(),
  credentials: z.string().min(1).optional().describe('Path of a .creds file.'),
});
