export type { PgClient, PgPool } from './client.ts';
export type { Place } from './place.ts';
export { placeOf, stamped, type StampedQuery } from './stamped.ts';
