import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Every metric Tidemark exports. Labels come from the configuration's closed sets, never from event content. */
export interface Metrics extends AuditMetrics, SharedMetrics {
  readonly registry: Registry;
  readonly events: Counter<'source' | 'result'>;
  readonly actions: Counter<'layer' | 'action' | 'outcome'>;
  readonly cacheReads: Counter<'namespace' | 'result'>;
  readonly fills: Counter<'namespace' | 'result'>;
  readonly deadLetters: Counter<'stage'>;
  readonly deadLettersDropped: Counter;
  readonly sourceRestarts: Counter<'source' | 'code'>;
  readonly gaps: Counter<'source'>;
  readonly journalAppend: Histogram;
  readonly applyDelay: Histogram<'layer'>;
  readonly proofAge: Gauge<'source'>;
  readonly watermark: Gauge<'layer'>;
  readonly journalHead: Gauge;
  readonly entries: Gauge<'layer'>;
  readonly clockSuspensions: Counter;
  readonly clockSuspended: Counter;
  readonly loopStalls: Counter;
}

export function createMetrics(registry = new Registry()): Metrics {
  const { counter, gauge, latency } = kindsIn([registry]);
  return {
    registry,
    events: counter(
      'tidemark_events_total',
      'Events by source and result: accepted, duplicate, rejected.',
      'source',
      'result',
    ),
    actions: counter('tidemark_actions_total', 'Actions by layer, kind and outcome.', 'layer', 'action', 'outcome'),
    cacheReads: counter(
      'tidemark_cache_reads_total',
      'Cache reads by namespace and result: hit, miss, uncertain.',
      'namespace',
      'result',
    ),
    fills: counter(
      'tidemark_fills_total',
      'Fills by namespace and result: stored, refused, skipped.',
      'namespace',
      'result',
    ),
    deadLetters: counter('tidemark_dead_letters_total', 'Dead letters by the stage that could not go on.', 'stage'),
    deadLettersDropped: counter(
      'tidemark_dead_letters_dropped_total',
      'Dead letters dropped, oldest first, because there were more than are kept.',
    ),
    sourceRestarts: counter(
      'tidemark_source_restarts_total',
      'Restarts of a source by the code of the error that ended it.',
      'source',
      'code',
    ),
    gaps: counter(
      'tidemark_gaps_total',
      'Gaps by source: ranges of events known or suspected to be missing.',
      'source',
    ),
    journalAppend: latency('tidemark_journal_append_seconds', 'Time from asking for an append until it is durable.'),
    applyDelay: latency(
      'tidemark_apply_delay_seconds',
      'Time from receiving an event until a layer has applied it.',
      'layer',
    ),
    proofAge: gauge(
      'tidemark_source_proof_age_seconds',
      'How long ago it was last proven that everything of this source has been applied.',
      'source',
    ),
    watermark: gauge('tidemark_layer_watermark', 'Journal offset up to which a layer has applied everything.', 'layer'),
    journalHead: gauge('tidemark_journal_head', 'Offset of the newest journal entry.'),
    entries: gauge('tidemark_layer_entries', 'Entries that a layer holds.', 'layer'),
    clockSuspensions: counter(
      'tidemark_clock_suspensions_total',
      'Times the machine or the process image was suspended, or the wall clock set forward.',
    ),
    clockSuspended: counter(
      'tidemark_clock_suspended_seconds_total',
      'Seconds that the monotonic clock missed meanwhile and that ages have grown by.',
    ),
    loopStalls: counter('tidemark_event_loop_stalls_total', 'Times the event loop was found more than 100 ms late.'),
    ...sharedMetrics(counter),
    ...auditMetrics(counter),
  };
}

interface SharedMetrics {
  readonly sharedReads: Counter<'layer' | 'result'>;
  readonly sharedFills: Counter<'layer' | 'result'>;
}

function sharedMetrics(counter: Kinds['counter']): SharedMetrics {
  return {
    sharedReads: counter(
      'tidemark_shared_reads_total',
      'Reads of a shared layer by result: found, leased (absent, and to be loaded by who asked), held (another loads it), unshared, absent, cold, other-epoch, unclaimed, unreadable, skipped, failed.',
      'layer',
      'result',
    ),
    sharedFills: counter(
      'tidemark_shared_fills_total',
      'Fills of a shared layer by result: stored, unserializable, too-large, too-many-tags, skipped, failed, or why it was refused.',
      'layer',
      'result',
    ),
  };
}

interface AuditMetrics {
  readonly audits: Counter<'namespace' | 'scale' | 'result'>;
  readonly auditsHealed: Counter<'namespace'>;
  readonly auditsWithoutFactory: Counter<'namespace'>;
  readonly auditsDropped: Counter;
}

function auditMetrics(counter: Kinds['counter']): AuditMetrics {
  return {
    audits: counter(
      'tidemark_audits_total',
      'Audits by namespace, scale and result: equal, violations, ended, undecided, failed.',
      'namespace',
      'scale',
      'result',
    ),
    auditsHealed: counter('tidemark_audits_healed_total', 'Wrong entries that the auditor has ended.', 'namespace'),
    auditsWithoutFactory: counter(
      'tidemark_audits_without_factory_total',
      'Entries drawn that cannot be audited: their value was handed in, not loaded.',
      'namespace',
    ),
    auditsDropped: counter(
      'tidemark_audits_dropped_total',
      'Keys named by events and not looked at: too many, or too late.',
    ),
  };
}

interface Kinds {
  readonly counter: <L extends string>(name: string, help: string, ...labelNames: L[]) => Counter<L>;
  readonly gauge: <L extends string>(name: string, help: string, ...labelNames: L[]) => Gauge<L>;
  readonly latency: <L extends string>(name: string, help: string, ...labelNames: L[]) => Histogram<L>;
}

function kindsIn(registers: Registry[]): Kinds {
  return {
    counter: (name, help, ...labelNames) => new Counter({ name, help, labelNames, registers }),
    gauge: (name, help, ...labelNames) => new Gauge({ name, help, labelNames, registers }),
    latency: (name, help, ...labelNames) =>
      new Histogram({ name, help, labelNames, buckets: LATENCY_SECONDS, registers }),
  };
}
