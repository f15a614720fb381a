import { Auditor, type Audited } from '../audit/auditor.ts';
import type { Applied } from '../audit/follow.ts';
import { undecidable } from '../config/decidable.ts';
import { invalidationOf, send } from './emission.ts';
import type { Engine } from './engine.ts';

/** The auditor of the process's own cache; `null` when none is configured. */
export function auditorOf(engine: Engine, applied: Applied): Auditor | null {
  const { config, memory, journal, runtime, observers } = engine;
  const options = config.auditor;
  if (!options) return null;
  return new Auditor({
    options,
    store: memory.store,
    layer: memory.name,
    namespaces: auditedOf(engine),
    journal,
    applied,
    contracts: () => engine.contracts,
    runtime,
    observers,
    invalidate: (namespace, key) => {
      const event = invalidationOf(engine, { keys: [key], namespace, reason: 'the auditor found it wrong' });
      return send(engine, event.source, [event]);
    },
  });
}

function auditedOf({ config, namespaces, sources }: Engine): Audited[] {
  const proving = Array.from(sources.values(), ({ name, can }) => ({
    name,
    prove: can.prove,
    written: config.places?.has(`sources.${name}`) ?? true,
  }));
  return [...namespaces.all.values()]
    .filter(({ config: { name } }) => config.auditor?.namespaces?.includes(name) ?? true)
    .map((namespace) => ({
      name: namespace.config.name,
      undecidable: undecidable(namespace.config, proving),
      equals: () => namespace.equals,
    }));
}
