import { silentLog, type Log } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { Runtime } from './runtime.ts';
import { systemClock, systemRandom } from './system.ts';

export function realRuntime(options: { log?: Log; metrics?: Metrics } = {}): Runtime {
  return {
    clock: systemClock,
    random: systemRandom,
    log: options.log ?? silentLog,
    metrics: options.metrics ?? createMetrics(),
  };
}
