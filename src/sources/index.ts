import { httpSource } from './http/index.ts';
import { postgres } from './postgres/index.ts';
import type { SourceKind } from './source.ts';

/** Every source that a configuration can name. */
export const sourceKinds = [httpSource, postgres] as unknown as readonly SourceKind[];
