import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric Tidemark exports. Labels come from the configuration's closed sets, never from event content. */
export interface Metrics {
  readonly registry: Registry;
  readonly events: Counter<'source' | 'result'>;
  readonly actions: Counter<'layer' | 'action' | 'outcome'>;
  readonly cacheReads: Counter<'namespace' | 'result'>;
  readonly fills: Counter<'namespace' | 'result'>;
  readonly deadLetters: Counter<'stage'>;
  readonly sourceRestarts: Counter<'source' | 'code'>;
  readonly gaps: Counter<'source'>;
  readonly journalAppend: Histogram;
  readonly applyDelay: Histogram<'layer'>;
  readonly proofAge: Gauge<'source'>;
  readonly watermark: Gauge<'layer'>;
  readonly journalHead: Gauge;
  readonly entries: Gauge<'layer'>;
}

export function createMetrics(registry = new Registry()): Metrics {
  const registers = [registry];
  return {
    registry,
    events: new Counter({
      name: 'tidemark_events_total',
      help: 'Events by source and result: accepted, duplicate, rejected.',
      labelNames: ['source', 'result'],
      registers,
    }),
    actions: new Counter({
      name: 'tidemark_actions_total',
      help: 'Actions by layer, kind and outcome.',
      labelNames: ['layer', 'action', 'outcome'],
      registers,
    }),
    cacheReads: new Counter({
      name: 'tidemark_cache_reads_total',
      help: 'Cache reads by namespace and result: hit, miss, uncertain.',
      labelNames: ['namespace', 'result'],
      registers,
    }),
    fills: new Counter({
      name: 'tidemark_fills_total',
      help: 'Fills by namespace and result: stored, refused, skipped.',
      labelNames: ['namespace', 'result'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'tidemark_dead_letters_total',
      help: 'Dead letters by the stage that could not go on.',
      labelNames: ['stage'],
      registers,
    }),
    sourceRestarts: new Counter({
      name: 'tidemark_source_restarts_total',
      help: 'Restarts of a source by the code of the error that ended it.',
      labelNames: ['source', 'code'],
      registers,
    }),
    gaps: new Counter({
      name: 'tidemark_gaps_total',
      help: 'Gaps by source: ranges of events known or suspected to be missing.',
      labelNames: ['source'],
      registers,
    }),
    journalAppend: new Histogram({
      name: 'tidemark_journal_append_seconds',
      help: 'Time from asking for an append until it is durable.',
      buckets: LATENCY_SECONDS,
      registers,
    }),
    applyDelay: new Histogram({
      name: 'tidemark_apply_delay_seconds',
      help: 'Time from receiving an event until a layer has applied it.',
      labelNames: ['layer'],
      buckets: LATENCY_SECONDS,
      registers,
    }),
    proofAge: new Gauge({
      name: 'tidemark_source_proof_age_seconds',
      help: 'How long ago it was last proven that everything of this source has been applied.',
      labelNames: ['source'],
      registers,
    }),
    watermark: new Gauge({
      name: 'tidemark_layer_watermark',
      help: 'Journal offset up to which a layer has applied everything.',
      labelNames: ['layer'],
      registers,
    }),
    journalHead: new Gauge({
      name: 'tidemark_journal_head',
      help: 'Offset of the newest journal entry.',
      registers,
    }),
    entries: new Gauge({
      name: 'tidemark_layer_entries',
      help: 'Entries that a layer holds.',
      labelNames: ['layer'],
      registers,
    }),
  };
}
