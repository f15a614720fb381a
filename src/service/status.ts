import type { LayerStatus, NamespaceStatus, SourceStatus, Status } from '../model/status.ts';
import { proofsAlone } from '../client/facts.ts';
import { NEVER } from '../trust/proofs.ts';
import { reasonOf } from '../trust/reason.ts';
import { inWords } from '../trust/words.ts';
import type { Engine } from './engine.ts';
import type { Intaken } from './running.ts';
import { VERSION } from './version.ts';

/** A snapshot of everything an operator asks about first. Cheap: no I/O. */
export function statusOf(engine: Engine): Status {
  const { journal, runtime, contracts } = engine;
  const { bytes } = journal.report;
  const sources = Array.from(engine.sources.values(), (source) => sourceStatus(engine, source));
  const namespaces = namespaceStatus(engine);
  return {
    version: VERSION,
    startedAt: engine.startedAt,
    now: runtime.clock.now(),
    ready: !engine.closing.signal.aborted && engine.standing.supersededBy === null,
    reasons: [
      ...(engine.closing.signal.aborted ? ['shutting down'] : []),
      ...(engine.standing.supersededBy === null
        ? []
        : [`standing by: another relay has adopted the contracts ${engine.standing.supersededBy}`]),
      ...sources
        .filter(({ state }) => state === 'waiting')
        .map((source) => `source ${source.name} is down${downSince(source)}`),
      ...namespaces
        .filter(({ trust }) => trust === 'uncertain')
        .map(({ name, reason }) => `namespace ${name}: ${reason}`),
    ],
    contracts: { count: contracts.contracts.length, hash: contracts.hash },
    journal: {
      type: journal.report.type,
      durable: journal.report.durable,
      head: journal.head,
      first: journal.first,
      entries: journal.report.entries,
      ...(bytes === undefined ? {} : { bytes }),
    },
    sources,
    layers: layerStatus(engine),
    namespaces,
    projections: Array.from(engine.projections, ([name, { report }]) => {
      const { running, pending, refreshes, failures, lastError } = report;
      return { name, running, pending, refreshes, failures, ...(lastError === null ? {} : { lastError }) };
    }),
    ...relaysOf(engine),
    ...processesOf(engine),
    deadLetters: journal.deadLetters.count,
    ...(engine.auditor ? { audit: engine.auditor.status() } : {}),
  };
}

function relaysOf({ journal, works }: Engine): Pick<Status, 'relays'> {
  const { relays } = journal;
  if (!relays) return {};
  return {
    relays: {
      self: relays.self,
      work: Array.from(works.values(), ({ name, isOurs }) => {
        const owner = relays.owners.get(name);
        return { name, ours: isOurs, ...(owner ? { owner: owner.relay, term: owner.term, since: owner.since } : {}) };
      }),
    },
  };
}

function processesOf({ elsewhere, journal }: Engine): Pick<Status, 'processes'> {
  const processes = elsewhere.status(journal.head);
  return processes.length === 0 ? {} : { processes };
}

function sourceStatus(
  engine: Engine,
  { name, type, can, source, feed, received, lastReceivedAt }: Intaken,
): SourceStatus {
  const report = source?.report();
  const read = feed?.report;
  const provenAt = engine.namespaces.provenAt(name);
  const lastEventAt = read?.lastEventAt ?? lastReceivedAt;
  const stands = engine.works.get(`source:${name}`)?.isOurs === false;
  const state = report ? (stands ? 'standby' : read?.running ? report.state : 'waiting') : 'receiving';
  return {
    name,
    type,
    state,
    ...(report?.detail === undefined ? {} : { detail: report.detail }),
    events: (read?.events ?? 0) + received,
    ...(lastEventAt === null ? {} : { lastEventAt }),
    ...(report?.lagBytes === undefined ? {} : { lagBytes: report.lagBytes }),
    canProve: can.prove,
    ...(provenAt === NEVER ? {} : { proofAgeMs: Math.max(0, engine.runtime.clock.mono() - provenAt) }),
    restarts: read?.restarts ?? 0,
    gaps: read?.gaps ?? 0,
    ...(read?.lastError ? { lastError: read.lastError } : {}),
    ...(read && read.failingSince !== null ? { failingSince: read.failingSince } : {}),
    warnings: report?.warnings ?? [],
  };
}

function downSince({ failingSince, lastError, detail = 'restarting' }: SourceStatus): string {
  if (failingSince === undefined || !lastError) return `: ${detail}`;
  return ` since ${new Date(failingSince).toISOString()}, last with ${lastError.code}: ${lastError.message}`;
}

function layerStatus(engine: Engine): LayerStatus[] {
  return engine.layers.map(({ layer, type, delivery }) => ({
    name: layer.name,
    type,
    ok: delivery.retrying === null,
    ...(delivery.retrying === null ? {} : { detail: delivery.retrying }),
    watermark: delivery.watermark,
    behind: engine.journal.head - delivery.watermark,
    ...(layer === engine.memory ? { entries: engine.memory.store.size, bytes: engine.memory.store.bytes } : {}),
    retrying: delivery.retrying !== null,
    ...(layer.warnings && layer.warnings.length > 0 ? { warnings: layer.warnings } : {}),
  }));
}

function namespaceStatus(engine: Engine): NamespaceStatus[] {
  return Array.from(engine.namespaces.all.values(), (namespace) => {
    const { config, counts, shelf } = namespace;
    const why = reasonOf(proofsAlone(shelf, config), engine.knowing.around(namespace));
    return {
      name: config.name,
      ttlMs: config.ttlMs,
      ...(config.maxStalenessMs === undefined ? {} : { maxStalenessMs: config.maxStalenessMs }),
      whenUncertain: config.whenUncertain,
      trust: why.kind === 'fresh' || why.kind === 'ttl' ? why.kind : 'uncertain',
      reason: inWords(why),
      why,
      hits: counts.hits,
      misses: counts.misses,
      refusedFills: counts.refused,
    };
  });
}
