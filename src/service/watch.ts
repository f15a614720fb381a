import { proofsAlone } from '../client/facts.ts';
import type { Mono } from '../model/position.ts';
import { reasonOf } from '../trust/reason.ts';
import { inWords } from '../trust/words.ts';
import type { Engine } from './engine.ts';
import type { Namespace } from '../client/namespaces.ts';

/** How often trust is looked at for observers and the log. Reads do not wait for it: they judge for themselves. */
const LOOK_EVERY_MS = 250;

type NamespaceTrust = 'fresh' | 'uncertain' | 'ttl';

/** Whether entries of a namespace can be proven fresh through its sources now. */
function trustOf({ config, shelf }: Namespace, now: Mono): NamespaceTrust {
  if (config.maxStalenessMs === undefined) return 'ttl';
  return now - shelf.provenAt <= config.maxStalenessMs ? 'fresh' : 'uncertain';
}

/** Tells observers and the log when a namespace loses or regains its trust, and how old the sources' proofs are. */
export async function watchTrust(engine: Engine, signal: AbortSignal): Promise<void> {
  const { clock, log, metrics } = engine.runtime;
  const known = new Map<string, NamespaceTrust>();
  while (!signal.aborted) {
    const now = clock.mono();
    for (const namespace of engine.namespaces.all.values()) {
      const { name, whenUncertain } = namespace.config;
      const trust = trustOf(namespace, now);
      const before = known.get(name);
      known.set(name, trust);
      if (before === undefined || before === trust) continue;
      const reason = inWords(
        reasonOf(proofsAlone(namespace.shelf, namespace.config), engine.knowing.around(namespace)),
      );
      engine.observers.tell('trust:changed', { namespace: name, trust, before, reason });
      if (trust === 'uncertain')
        log.warn({ namespace: name, whenUncertain }, `freshness can no longer be proven: ${reason}`);
      else log.info({ namespace: name }, 'freshness is proven again');
    }
    for (const source of engine.sources.values()) {
      if (!source.can.prove) continue;
      const ageMs = now - engine.namespaces.provenAt(source.name);
      if (Number.isFinite(ageMs)) metrics.proofAge.set({ source: source.name }, ageMs / 1_000);
      const lagBytes = source.source?.report().lagBytes;
      engine.observers.tell('source:lag', {
        source: source.name,
        proofAgeMs: Number.isFinite(ageMs) ? Math.round(ageMs) : null,
        lagBytes: lagBytes ?? null,
      });
    }
    engine.clockWatch.look(LOOK_EVERY_MS);
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}
