import { z } from 'zod';
import { ACTION_KINDS, type ActionKind } from '../model/plan.ts';
import { FOR_EACH_LIMIT } from './contract.ts';
import { textProblem } from './template.ts';

/** Names of sources, namespaces, layers and projections: safe in keys, labels, paths and URLs. */
export const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
export const NAME_RULE = 'names have letters, digits, "-" and "_", begin with a letter, and have 64 characters at most';
export const nameSchema = z.string().regex(NAME, NAME_RULE);

const DESCRIPTIONS: Readonly<Record<ActionKind, readonly [string, string]>> = {
  delete_key: ['Removes a key from every layer that holds it.', 'product:{product_id}'],
  expire_key: ['Makes a key stale; it may be served within its bound while it is refreshed.', 'product:{product_id}'],
  purge_tag: ['Removes every entry that carries a tag.', 'product-{product_id}'],
  expire_tag: ['Makes every entry that carries a tag stale.', 'product-{product_id}'],
  purge_namespace: ['Empties a namespace; "*" empties all.', 'product'],
  purge_url: ['Removes a URL from HTTP caches.', 'https://shop.example/products/{product_id}'],
  refresh_key: ['Loads a key anew, before anyone asks for it.', 'product:{product_id}'],
  refresh_projection: ['Has a derived artifact recomputed.', 'category-membership'],
};

const layers = z.array(nameSchema).min(1).describe('Only these layers.');
const namespace = nameSchema.describe('Only entries of this namespace.');

function actionFields(): Record<ActionKind, z.ZodOptional<z.ZodString>> {
  const fields = ACTION_KINDS.map((kind) => {
    const [description, example] = DESCRIPTIONS[kind];
    return [
      kind,
      z
        .string()
        .min(1)
        .meta({ description, examples: [example] })
        .optional(),
    ] as const;
  });
  return Object.fromEntries(fields) as Record<ActionKind, z.ZodOptional<z.ZodString>>;
}

/** Exactly one kind of action: the parser says so in words, the JSON Schema with `oneOf`. */
const oneKind = { oneOf: ACTION_KINDS.map((kind) => ({ required: [kind] })) };

export const actionSchema = z
  .strictObject({ ...actionFields(), namespace: namespace.optional(), layers: layers.optional() })
  .meta({ id: 'action', description: 'One action: its kind and its target.', ...oneKind });

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const comparison = z.union([z.number(), z.string()]);

const testSchema = z
  .strictObject({
    not: z
      .union([scalar, z.array(scalar)])
      .describe('The value is none of these.')
      .optional(),
    in: z.array(scalar).min(1).describe('The value is one of these.').optional(),
    gt: comparison.describe('Greater than.').optional(),
    gte: comparison.describe('Greater than or equal.').optional(),
    lt: comparison.describe('Less than.').optional(),
    lte: comparison.describe('Less than or equal.').optional(),
    exists: z.boolean().describe('Whether the event has the field.').optional(),
    changed: z.boolean().describe('Whether the row change altered the column.').optional(),
  })
  .describe('All of these hold.');

/** For editors; `when.ts` reads filters itself, with better words than a union of shapes can give. */
export const whenSchema: z.ZodType = z
  .lazy(() =>
    z
      .object({
        all: z.array(whenSchema).min(1).describe('All of these hold.').optional(),
        any: z.array(whenSchema).min(1).describe('At least one of these holds.').optional(),
        // Described it would be another schema, and that another one, without end.
        not: whenSchema.optional(),
      })
      .catchall(z.union([scalar, z.array(scalar), testSchema])),
  )
  .meta({
    id: 'when',
    description:
      'Only events for which this holds, or cannot be told: the path of a field, and what its value must be.',
  });

const trigger = z.string().min(1).max(255);

const eventSchema = z
  .strictObject({
    type: z
      .string()
      .min(1)
      .meta({ description: 'The event type.', examples: ['product.updated'] }),
    source: nameSchema.describe('The source it counts as coming from.').optional(),
    id: z.string().min(1).optional(),
    subject: z.string().optional(),
    time: z.string().optional(),
    data: z.unknown().optional(),
    row: z
      .strictObject({
        relation: z.string().optional(),
        op: z.enum(['created', 'updated', 'deleted', 'truncated']).optional(),
        before: z.record(z.string(), z.unknown()).nullable().optional(),
        after: z.record(z.string(), z.unknown()).nullable().optional(),
        before_has: z.enum(['full', 'key', 'none']).optional(),
        unknown: z.array(z.string()).optional(),
      })
      .describe('A row change, as a change feed gives it.')
      .optional(),
  })
  .meta({ id: 'event', description: 'The event that is given.' });

const expectedSchema = z
  .strictObject({
    ...actionFields(),
    namespace: namespace.optional(),
    layers: layers.optional(),
    widened: z.literal(true).describe('The exact target cannot be told.').optional(),
  })
  .meta({ id: 'expected', description: 'One action that must be planned.', ...oneKind });

export const testsSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1).optional(),
      event: eventSchema,
      expect: z.array(expectedSchema).describe('Exactly these actions, in any order; [] for none.'),
    }),
  )
  .meta({ id: 'tests', description: 'Given an event, exactly these actions.' });

export const contractSchema = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .refine((name) => textProblem(name) === null, 'it holds a control character')
      .describe('What plans and explanations call it. Default: its trigger.')
      .optional(),
    trigger: z.union([trigger, z.array(trigger).min(1)]).meta({
      description: 'An event type, a pattern such as product.*, or a list of them.',
      examples: ['product.updated'],
    }),
    source: nameSchema.describe('Only events of this source.').optional(),
    when: z.unknown().optional(),
    for_each: z
      .union([
        z.string().min(1),
        z.strictObject({
          path: z.string().min(1).describe('The array.'),
          limit: z
            .int()
            .min(1)
            .max(1_000_000)
            .default(FOR_EACH_LIMIT)
            .describe('More items than this widen the actions.'),
        }),
      ])
      .meta({
        description: 'Plan once for every item of an array in the event; templates read {item}.',
        examples: ['items'],
      })
      .optional(),
    layers: layers.optional(),
    actions: z
      .array(actionSchema)
      .min(1)
      .meta({
        description: 'What loses its trust, and what is refreshed.',
        examples: ['[{ purge_tag: products }]'],
      }),
    tests: testsSchema.optional(),
  })
  .describe('When this happens, the trust of these ends.');
