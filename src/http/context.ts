import type { FastifyInstance } from 'fastify';
import type { Operations } from '../operations.ts';
import type { HttpLimits, HttpOptions } from './options.ts';
import type { StreamSlots } from './stream/slots.ts';

/** What every route gets. */
export interface Context {
  readonly operations: Operations;
  readonly options: HttpOptions;
  readonly limits: HttpLimits;
  /** Aborts when the server begins to close: long answers end, waiting ones answer with what they have. */
  readonly shutdown: AbortSignal;
  readonly slots: StreamSlots;
}

/** One resource: adds its routes. */
export type Resource = (app: FastifyInstance, context: Context) => void;
