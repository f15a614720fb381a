import type { LoadContext } from '../client/options.ts';
import type { SourceId } from '../model/position.ts';
import { demandsOf, isBefore, parseToken, type AtLeast } from '../model/token.ts';
import { lookAlone, lookAndQuery, type Answer, type PgClient, type PgPool, type QueryConfig } from './client.ts';
import type { Place } from './place.ts';

export interface StampedQuery extends QueryConfig {
  /** The PostgreSQL source that follows the database, by its name in the configuration. */
  readonly source: SourceId;
  /** Asked in place of a replica that has not got what the reader has to see (`atLeast`). */
  readonly primary?: PgClient | PgPool;
}

/**
 * Runs a query in a factory and tells the cache what it has seen, in one round trip: right on the primary with or without
 * `gate`, on a replica however far it lags, and inside of a transaction of any isolation. A transaction that has written
 * is not cached from.
 *
 * With `primary`, a reader that has to see its own write gets it from there while the replica has not got it; without, such
 * a read fails with POSITION_UNREACHED.
 *
 * The rows are those of `client.query`. For several queries call it for each, or take `placeOf` before the first.
 *
 * @example
 * await products.getOrSet({
 *   key: `product:${id}`,
 *   factory: async (context) => {
 *     const text = 'select * from products where id = $1';
 *     const [row] = await stamped<Product>(context, replica, { source: 'shop-db', text, values: [id] });
 *     return row ?? null;
 *   },
 * });
 */
export async function stamped<R>(
  context: Pick<LoadContext, 'seen' | 'skip' | 'atLeast'>,
  connection: PgClient | PgPool,
  { source, text, values = [], primary }: StampedQuery,
): Promise<R[]> {
  const ask = (client: PgClient): Promise<Answer> => lookAndQuery(client, { text, values });
  let { look, rows } = await onClient(connection, ask);
  if (primary && context.atLeast !== undefined && !hasGot(look.place, context.atLeast, source)) {
    ({ look, rows } = await onClient(primary, ask));
  }
  if (look.writing) context.skip();
  else context.seen({ source, ...look.place });
  return rows as R[];
}

/**
 * Where a connection is now, for loads whose queries somebody else makes. Take it before the first of them, on the same
 * connection, and give it to the load: `context.seen({ source: 'shop-db', ...place })`. Within a transaction on a replica
 * that is `repeatable read`, take it inside.
 */
export async function placeOf(client: PgClient): Promise<Place> {
  return (await lookAlone(client)).place;
}

/** Whether a place is the primary as it is now, or a replica that has replayed all that is asked for. */
function hasGot(place: Place, atLeast: AtLeast, source: SourceId): boolean {
  if (!('replayedTo' in place)) return place.fresh;
  return demandsOf(atLeast).every((one) => {
    // An offset of the journal says nothing to a replica.
    const mark = typeof one === 'string' ? parseToken(one) : null;
    return mark !== null && (mark.source !== source || isBefore(mark, place.history, place.replayedTo));
  });
}

/** A pool gives one connection for both statements: the next one may be to another server. */
async function onClient<T>(connection: PgClient | PgPool, run: (client: PgClient) => Promise<T>): Promise<T> {
  if (!('totalCount' in connection)) return run(connection);
  const client = await connection.connect();
  try {
    const result = await run(client);
    client.release();
    return result;
  } catch (error) {
    // As `pool.query` does: what is left of a failed query is not worth the risk.
    client.release(error instanceof Error ? error : undefined);
    throw error;
  }
}
