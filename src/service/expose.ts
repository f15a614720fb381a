import type { Engine } from './engine.ts';

/**
 * Brings what is counted without a metric (reads are too frequent for one) to the metrics when they are scraped.
 */
export function exposeCounts(engine: Engine): void {
  const { metrics } = engine.runtime;
  onScrape(metrics.journalHead, () => {
    metrics.journalHead.set(engine.journal.head);
  });
  onScrape(metrics.watermark, () => {
    for (const { layer, delivery } of engine.layers) metrics.watermark.set({ layer: layer.name }, delivery.watermark);
  });
  onScrape(metrics.entries, () => {
    metrics.entries.set({ layer: engine.memory.name }, engine.memory.store.size);
  });
  onScrape(metrics.cacheReads, () => {
    metrics.cacheReads.reset();
    for (const [namespace, { counts }] of engine.namespaces.all) {
      metrics.cacheReads.inc({ namespace, result: 'hit' }, counts.hits);
      metrics.cacheReads.inc({ namespace, result: 'miss' }, counts.misses - counts.uncertain);
      metrics.cacheReads.inc({ namespace, result: 'uncertain' }, counts.uncertain);
    }
  });
  onScrape(metrics.fills, () => {
    metrics.fills.reset();
    for (const [namespace, { counts }] of engine.namespaces.all) {
      metrics.fills.inc({ namespace, result: 'stored' }, counts.stored);
      metrics.fills.inc({ namespace, result: 'refused' }, counts.refused);
      metrics.fills.inc({ namespace, result: 'skipped' }, counts.skipped);
    }
  });
  onScrape(metrics.auditsDropped, () => {
    metrics.auditsDropped.reset();
    metrics.auditsDropped.inc(engine.auditor?.status().dropped ?? 0);
  });
}

/** prom-client calls `collect` of a metric before it reads its values; it is an ordinary property of the metric. */
function onScrape(metric: object, collect: () => void): void {
  Object.assign(metric, { collect });
}
