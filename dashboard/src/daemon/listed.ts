/** The array of a list answer, whether it stands alone or under the one name that holds it. */
export function listed<T>(body: unknown): readonly T[] {
  if (Array.isArray(body)) return body as readonly T[];
  if (typeof body !== 'object' || body === null) return [];
  return (Object.values(body).find((value) => Array.isArray(value)) ?? []) as readonly T[];
}
