export { Tidemark, type CacheOptions, type StartOptions } from './service.ts';
export { ConfigInvalid, type ConfigSource } from './service/read-config.ts';
export type { Emission } from './service/emission.ts';
export type { Cache } from './client/cache.ts';
export type { Seen } from './client/stamping.ts';
export type { Duration, Factory, LoadContext, ReadOptions, ReadResult, Stamp } from './client/options.ts';
export { ERRORS, TidemarkError, type ErrorCode } from './errors.ts';
export type { Serializer } from './layers/shared.ts';
export type { Finding } from './contracts/finding.ts';
export type { Observation, ObservationType } from './model/observation.ts';
export type { Offset } from './model/position.ts';
export type { AtLeast, Token } from './model/token.ts';
export type { Echo, End, HoldUp, Known, TrustReason } from './model/reason.ts';
export type { AuditStatus, LayerResults, Status } from './model/status.ts';
export type {
  EventInput,
  Explanation,
  InvalidationMessage,
  Operations,
  PlanPreview,
  Receipt,
  ReplayReport,
  ReplayRequest,
} from './operations.ts';
export type { Refresh, RefreshRequest } from './pipeline/projection.ts';
export { jsonLog } from './runtime/json-log.ts';
export { silentLog, type Log, type LogLevel } from './runtime/log.ts';
export { outboxSchema } from './sources/outbox/schema.ts';
export type { TrustWord, WhenUncertain } from './trust/trust.ts';
