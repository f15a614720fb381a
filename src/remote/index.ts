export type { Cache } from '../client/cache.ts';
export type { Duration, Factory, LoadContext, ReadOptions, ReadResult, Stamp } from '../client/options.ts';
export { TidemarkError, type ErrorCode } from '../errors.ts';
export type { InvalidationMessage } from '../model/invalidation.ts';
export type { Offset } from '../model/position.ts';
export type { AtLeast, Token } from '../model/token.ts';
export type { Log } from '../runtime/log.ts';
export {
  connect,
  type Connection,
  type ConnectionStatus,
  type ConnectOptions,
  type RemoteEvent,
  type RemoteReceipt,
} from './connection.ts';
