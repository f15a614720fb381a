import { z } from 'zod';
import { contractSchema, testsSchema, whenSchema } from '../contracts/contract-schema.ts';
import { jsonSchemaOf, type JsonSchema } from '../contracts/shape.ts';
import type { Kinds } from './kinds.ts';
import { configSchema } from './schema.ts';

const contractWithWhen = contractSchema
  .extend({ when: whenSchema.optional() })
  .meta({ id: 'contract', description: 'When this happens, the trust of these ends.' });
const contracts = z
  .union([contractWithWhen, z.array(contractWithWhen)])
  .describe('A contract, or a list of them: when this happens, the trust of these ends.');

/** The editor's view of a contract file (draft-07), from the schemas that files are checked with. */
export function contractJsonSchema(): JsonSchema {
  const file = z.strictObject({ event_invalidation: contracts.optional(), tests: testsSchema.optional() });
  return { ...jsonSchemaOf(file), title: 'Tidemark contracts' };
}

/** The editor's view of `tidemark.yaml`, with the options of every Kind. */
export function configJsonSchema(kinds: Kinds): JsonSchema {
  const schema = jsonSchemaOf(
    configSchema.extend({
      event_invalidation: contracts.optional(),
      contracts: z
        .union([
          z.string(),
          z.array(z.union([z.string(), contractWithWhen, z.strictObject({ event_invalidation: contracts })])),
        ])
        .describe('Contract files, as paths where * stands for any part of a name, or contracts.')
        .optional(),
    }),
  );
  const properties = schema.properties ?? {};
  // Contracts are not settings: nothing is put into them from the environment.
  const { event_invalidation, contracts: files, ...settings } = properties;
  const { properties: journal = {}, description } = properties['journal'] ?? {};
  return {
    ...schema,
    title: 'Tidemark configuration',
    properties: {
      ...defined({ event_invalidation, contracts: files }),
      ...withReferences(settings),
      sources: named(properties['sources'], anyKind(kinds.sources)),
      layers: named(properties['layers'], anyKind(kinds.layers)),
      journal: defined({ description, ...anyKind(kinds.journals, journal, 'sqlite') }),
    },
  };
}

const named = (map: JsonSchema | undefined, of: JsonSchema): JsonSchema => ({ ...map, additionalProperties: of });

/** The `type` decides which other keys there are. */
function anyKind(
  kinds: readonly { readonly type: string; readonly summary: string; readonly options: z.ZodType }[],
  common: Readonly<Record<string, JsonSchema>> = {},
  fallback?: string,
): JsonSchema {
  const types = kinds.map(({ type }) => type);
  return {
    type: 'object',
    ...(fallback === undefined ? { required: ['type'] } : {}),
    properties: {
      type: {
        description: `Which kind it is: ${kinds.map(({ type, summary }) => `${type} (${summary})`).join(' ')}`,
        enum: types,
        ...(fallback === undefined ? {} : { default: fallback }),
      },
    },
    allOf: kinds.map(({ type, options }) => ({
      if: { properties: { type: { const: type } }, ...(type === fallback ? {} : { required: ['type'] }) },
      then: withKeys(jsonSchemaOf(options), { type: { const: type }, ...withReferences(common) }),
    })),
  };
}

/** Options with further keys beside them, also where the options are alternatives. */
function withKeys(schema: JsonSchema, keys: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const { $schema: _, ...rest } = schema;
  if (rest.anyOf) return { ...rest, anyOf: rest.anyOf.map((one) => withKeys(one, keys)) };
  if (rest.oneOf) return { ...rest, oneOf: rest.oneOf.map((one) => withKeys(one, keys)) };
  return {
    ...rest,
    properties: { ...withReferences(rest.properties ?? {}), ...keys },
    additionalProperties: rest.additionalProperties ?? false,
  };
}

function withReferences(properties: Readonly<Record<string, JsonSchema>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, orReference(schema)]));
}

const REFERENCE: JsonSchema = { type: 'string', pattern: '\\$\\{[A-Za-z_]' };

/** Where a value must have a form, a variable that will have it may stand instead. */
function orReference(schema: JsonSchema): JsonSchema {
  const { anyOf, properties, additionalProperties, items } = schema;
  if (anyOf) {
    const some = anyOf.map((one) => (hasForm(one) ? one : orReference(one)));
    return { ...schema, anyOf: anyOf.some(hasForm) ? [...some, REFERENCE] : some };
  }
  if (schema.type === 'object')
    return {
      ...schema,
      ...(properties ? { properties: withReferences(properties) } : {}),
      ...(typeof additionalProperties === 'object' ? { additionalProperties: orReference(additionalProperties) } : {}),
    };
  if (schema.type === 'array' && items && !Array.isArray(items))
    return { ...schema, items: orReference(items as JsonSchema) };
  if (!hasForm(schema)) return schema;
  const { description, default: fallback, examples, ...form } = schema;
  return { ...defined({ description, default: fallback, examples }), anyOf: [form, REFERENCE] };
}

function hasForm(schema: JsonSchema): boolean {
  if (schema.anyOf) return false;
  if (schema.type === 'number' || schema.type === 'integer' || schema.type === 'boolean') return true;
  return ['enum', 'const', 'pattern', 'format'].some((keyword) => schema[keyword] !== undefined);
}

function defined(schema: Readonly<Record<string, unknown>>): Record<string, JsonSchema> {
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined)) as Record<
    string,
    JsonSchema
  >;
}
