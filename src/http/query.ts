import type { FastifyRequest } from 'fastify';
import { Refusal } from './refusal.ts';

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** The query, in which only the named parameters may appear, each at most once. */
export function queryOf<const Name extends string>(
  request: FastifyRequest,
  names: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const query = request.query as Query;
  for (const [name, value] of Object.entries(query)) {
    if (!(names as readonly string[]).includes(name)) {
      const known = names.length === 0 ? 'none is' : `known: ${names.join(', ')}`;
      throw new Refusal('PARAMETER_INVALID', `the parameter ${name} is unknown here (${known})`);
    }
    if (typeof value !== 'string') throw new Refusal('PARAMETER_INVALID', `the parameter ${name} is there twice`);
  }
  return query as Readonly<Partial<Record<Name, string>>>;
}

/** A whole number from `min` to `max`, written in digits. */
export function integer<D>(
  name: string,
  text: string | undefined,
  { min, max, fallback }: { readonly min: number; readonly max: number; readonly fallback: D },
): number | D {
  if (text === undefined) return fallback;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Refusal('PARAMETER_INVALID', `${name} must be a whole number from ${String(min)} to ${String(max)}`);
}
