import type { z } from 'zod';
import type { JournalKind } from '../src/journal/journal.ts';
import type { LayerKind } from '../src/layers/layer.ts';
import type { Metrics } from '../src/runtime/metrics.ts';
import type { SourceKind } from '../src/sources/source.ts';

export function reference(lists: {
  readonly config: z.ZodType;
  readonly jsonSchema: (schema: z.ZodType) => object;
  readonly sources: readonly SourceKind[];
  readonly journals: readonly JournalKind[];
  readonly layers: readonly LayerKind[];
  readonly errors: object;
  readonly metrics: Metrics;
}): Promise<string>;
