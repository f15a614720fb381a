import { z } from 'zod';
import { duration, secret } from '../../runtime/options.ts';
import { maxBytes } from '../request.ts';
import { timedSecrets, type TimedSecret } from '../secrets.ts';
import type { Naming } from './delivery.ts';
import type { Scheme } from './scheme.ts';
import type { Terms } from './verify.ts';

export interface WebhookOptions extends Terms, Naming {
  readonly bodyBytesMax: number;
}

const fields = z.strictObject({
  scheme: z.string().describe('Whose signatures: standard, github, stripe, shopify, contentful or sanity.'),
  secret: secret().optional().describe('The signing secret that the vendor shows for this endpoint.'),
  secrets: timedSecrets()
    .optional()
    .describe('Several secrets at once, to change them without losing deliveries; each may have an `until` date.'),
  tolerance: duration()
    .optional()
    .describe('How far the signed time may be from ours, either way. Default 5m, for contentful 30s.'),
  types: z
    .record(z.string(), z.string().min(1))
    .default({})
    .describe("Event types by the vendor's own, e.g. `products.update: product.updated`. Others keep their name."),
  type_field: z
    .string()
    .min(1)
    .optional()
    .describe('Where the payload says its type. Default `type`, for sanity `_type`.'),
  default_type: z.string().min(1).optional().describe('The type of a payload that does not say.'),
  path: z
    .string()
    .startsWith('/')
    .optional()
    .describe('Contentful signs the path: the one it was given, where a proxy in front changes it.'),
  dedupe: z
    .enum(['delivery', 'body'])
    .default('delivery')
    .describe('What a repetition is known by: the id of the delivery, or the same body to the byte, ever.'),
  max_bytes: maxBytes('delivery'),
});

/** Options that mean something only for some schemes: elsewhere they would be a promise that nobody keeps. */
const ONLY_FOR: Readonly<Record<string, readonly string[]>> = {
  tolerance: ['standard', 'stripe', 'contentful', 'sanity'],
  type_field: ['standard', 'sanity'],
  default_type: ['standard', 'sanity'],
  path: ['contentful'],
};

const WHY: Readonly<Record<string, string>> = {
  tolerance: 'signs no time, so there is nothing to compare',
  type_field: 'says elsewhere what happened',
  default_type: 'always says what happened',
  path: 'does not sign the path',
};

type Given = z.output<typeof fields>;

/** The options of a webhook source, by the schemes that there are. */
export function webhookOptions(schemes: Readonly<Record<string, Scheme>>): z.ZodType<WebhookOptions> {
  const names = Object.keys(schemes);
  return fields
    .extend({ scheme: z.enum(names).describe(fields.shape.scheme.description ?? '') })
    .transform((given, context) => {
      const scheme = schemes[given.scheme];
      const mistake = (path: readonly (string | number)[], message: string): void => {
        context.issues.push({ code: 'custom', input: given, path: [...path], message });
      };
      if (!scheme) return z.NEVER;
      checkSecrets(given, scheme, mistake);
      for (const [option, where] of Object.entries(ONLY_FOR)) {
        if (given[option as keyof Given] === undefined || where.includes(given.scheme)) continue;
        mistake([option], `\`${option}\` has no meaning for ${given.scheme}, which ${WHY[option] ?? ''}`);
      }
      if (given.tolerance === 0) mistake(['tolerance'], 'a tolerance of zero refuses every delivery');
      return parsed(given, scheme);
    });
}

function checkSecrets(
  given: Given,
  scheme: Scheme,
  mistake: (path: readonly (string | number)[], message: string) => void,
): void {
  if ((given.secret === undefined) === (given.secrets === undefined))
    mistake(['secret'], 'give one of `secret` and `secrets`');
  secretsOf(given).forEach(({ secret: one }, index) => {
    const text = one.reveal();
    const problem = /^\s|\s$/.test(text) ? 'it begins or ends with white space' : scheme.problemOfSecret(text);
    if (problem) mistake(given.secret ? ['secret'] : ['secrets', index], `the secret cannot be right: ${problem}`);
  });
}

function secretsOf(given: Given): readonly TimedSecret[] {
  return given.secrets ?? (given.secret ? [{ secret: given.secret }] : []);
}

function parsed(given: Given, scheme: Scheme): WebhookOptions {
  return {
    scheme,
    secrets: secretsOf(given),
    toleranceMs: given.tolerance ?? scheme.toleranceMs ?? 0,
    settings: {
      typeField: given.type_field ?? (given.scheme === 'sanity' ? '_type' : 'type'),
      ...(given.default_type === undefined ? {} : { defaultType: given.default_type }),
      ...(given.path === undefined ? {} : { path: given.path }),
    },
    types: given.types,
    dedupe: given.dedupe,
    bodyBytesMax: given.max_bytes,
  };
}
