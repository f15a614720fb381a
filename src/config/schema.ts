import { z } from 'zod';
import { nameSchema } from '../contracts/contract-schema.ts';
import { readTarget } from '../runtime/address-policy.ts';
import { parseSubnet } from '../runtime/address.ts';
import { duration, secret } from '../runtime/options.ts';
import { parseListen } from './listen.ts';

/** A part whose keys belong to its Kind, which checks them. */
const part = z.looseObject({});

const positiveDuration = (): z.ZodType<number, number | string> =>
  duration().refine((ms) => ms > 0 && Number.isFinite(ms), 'it must be longer than nothing, and end');

const namespaceSchema = z
  .strictObject({
    ttl: positiveDuration().meta({
      description: 'The backup bound: no entry is served longer than this after it was loaded, whatever events say.',
      examples: ['10m'],
    }),
    max_staleness: positiveDuration()
      .meta({ description: 'The freshness that events must hold. Absent: the ttl is the bound.', examples: ['2s'] })
      .optional(),
    when_uncertain: z
      .enum(['bypass', 'revalidate', 'serve', 'error'])
      .default('bypass')
      .describe('What a read gets when its freshness cannot be proven.'),
    load_wait: duration()
      .default(2_000)
      .meta({
        description:
          'With a shared layer one process at a time loads a key. How long a reader waits for the load of another; 0: each process loads for itself.',
        examples: ['2s'],
      }),
    when_load_waits: z
      .enum(['load', 'error'])
      .default('load')
      .describe('What a reader does that has waited that long: load it itself, or fail with LOAD_ELSEWHERE.'),
    sources: z.array(nameSchema).min(1).describe('The sources whose changes reach this namespace.').optional(),
    jitter: z
      .number()
      .min(0)
      .max(1)
      .default(0.1)
      .describe('Part of the ttl that is taken off at random, so that entries made together do not end together.'),
  })
  .describe('A policy and the entries under it.');

const projectionSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .meta({ description: 'Called with POST.', examples: ['http://127.0.0.1:3000/internal/refresh'] })
      .optional(),
    headers: z.record(z.string(), z.string()).default({}).describe('Sent with the call.'),
    allow: z
      .array(z.string().refine((text) => parseSubnet(text) !== null, 'it is not a subnet such as 10.0.0.0/8'))
      .default([])
      .meta({
        description: "Subnets that the URL's name may resolve to although they are not public.",
        examples: [['172.18.0.0/16']],
      }),
    debounce: duration()
      .default(200)
      .meta({ description: 'Refreshes asked for within this time become one.', examples: ['200ms'] }),
    timeout: duration()
      .default(10_000)
      .meta({ description: 'How long a call may take.', examples: ['10s'] }),
    attempts: z.int().min(1).max(100).default(5).describe('Attempts before the refresh becomes a dead letter.'),
  })
  .superRefine(({ url, allow }, context) => {
    if (url === undefined) return;
    const read = readTarget(
      url,
      allow.flatMap((text) => parseSubnet(text) ?? []),
    );
    if (!read.ok) context.addIssue({ code: 'custom', path: ['url'], message: `it cannot be called: ${read.problem}` });
  })
  .describe('A derived artifact that is recomputed.');

/** Letters, digits, hyphens and underscores between dots: what `Host` is compared with. */
const HOST_NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/i;

const serverSchema = z
  .strictObject({
    listen: z
      .union([z.string(), z.int()])
      .refine((given) => parseListen(given) !== null, 'it is not an address to listen on')
      .default('127.0.0.1:4100')
      .meta({
        description: 'Address and port. Anything but loopback needs an admin_token.',
        examples: ['127.0.0.1:4100'],
      }),
    allowed_hosts: z
      .array(z.string().regex(HOST_NAME, 'it is not the name of a host, without scheme, port or wildcard'))
      .min(1)
      .meta({
        description:
          'Names that the Host header may carry, against DNS rebinding. Loopback names, the name listened on and addresses always may.',
        examples: [['tidemark.internal']],
      })
      .optional(),
    max_streams: z
      .int()
      .min(1)
      .max(10_000)
      .default(500)
      .describe('Streams open at once at most: one for each process that is fed, each open dashboard and each `tail`.'),
    admin_token: secret().describe('What callers of the API present as Authorization: Bearer.').optional(),
  })
  .describe('The HTTP API.');

const auditorSchema = z
  .strictObject({
    rate: z.number().positive().max(100_000).default(1).describe('Loads a second at most.'),
    concurrency: z.int().min(1).max(64).default(2).describe('Loads under way at a time at most.'),
    share: z
      .number()
      .positive()
      .max(1)
      .default(0.1)
      .describe('Part of the time for which that many loads may be under way: a slow source is asked less.'),
    namespaces: z.array(nameSchema).min(1).describe('Which namespaces; absent: every one.').optional(),
    events: z
      .boolean()
      .default(true)
      .describe('Whether keys that events name are looked at 1 s, 10 s, 1 min and 5 min after, too.'),
    wait: positiveDuration()
      .default(60_000)
      .meta({ description: 'How long a look waits for the proof that decides it.', examples: ['1m'] }),
    heal: z.boolean().default(false).describe('Whether what is found wrong is invalidated, in every layer.'),
    show_values: z
      .boolean()
      .default(false)
      .describe('Whether reports show what values hold, not only where they differ.'),
  })
  .describe('Compares what is cached with its source. Off when absent.');

/**
 * As many as the fence of a cache has tombstones. A transaction that names more pushes out everybody's, so every load under
 * way is refused anyway: from there on being exact saves little and costs every layer an action for each row.
 */
const DEFAULT_WIDEN_AFTER = 65_536;

export const DEFAULT_RETENTION_MS = 7 * 24 * 3_600_000;

/** Everything but what Kinds bring along. `contracts` and `event_invalidation` are read by the contracts' own parser. */
export const configSchema = z
  .strictObject({
    version: z.literal(1).default(1).describe('The version of this format.'),
    journal: part
      .extend({
        retention: duration()
          .default(DEFAULT_RETENTION_MS)
          .meta({ description: 'How long entries are kept.', examples: ['7d'] }),
      })
      .describe('The durable log of events.')
      .optional(),
    server: serverSchema.prefault({}),
    sources: z.record(nameSchema, part).describe('Where changes come from, by name.').optional(),
    layers: z.record(nameSchema, part).describe('The caches, innermost first.').optional(),
    namespaces: z
      .record(nameSchema, namespaceSchema)
      .default({})
      .describe('What is cached, and how long without events.'),
    projections: z.record(nameSchema, projectionSchema).default({}).describe('Derived artifacts, by name.'),
    auditor: auditorSchema.optional(),
    widen_after: z
      .int()
      .min(1)
      .default(DEFAULT_WIDEN_AFTER)
      .describe('Keys and tags that one transaction may name; what it names beyond ends their namespaces instead.'),
    contracts: z
      .union([z.string().min(1), z.array(z.union([z.string().min(1), z.looseObject({})]))])
      .meta({
        description: 'Contract files, as paths where * stands for any part of a name, or contracts.',
        examples: ['[contracts/*.yaml]'],
      })
      .default([]),
    event_invalidation: z.unknown().optional(),
  })
  .describe('The configuration of Tidemark.');

export type ConfigInput = z.output<typeof configSchema>;
