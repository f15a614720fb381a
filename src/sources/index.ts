import { httpSource } from './http/index.ts';
import { outboxSource } from './outbox/index.ts';
import { postgres } from './postgres/index.ts';
import type { SourceKind } from './source.ts';
import { webhookSource } from './webhook/index.ts';

/** Every source that a configuration can name. */
export const sourceKinds = [httpSource, webhookSource, postgres, outboxSource] as unknown as readonly SourceKind[];
