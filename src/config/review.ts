import type { Finding } from '../contracts/finding.ts';
import type { Config } from './config.ts';
import type { Kinds } from './kinds.ts';

/** What works and will disappoint: weaknesses of the design, before they are met in production. */
export function reviewConfig(config: Config, kinds: Kinds): readonly Finding[] {
  const file = config.file ?? 'tidemark.yaml';
  const canProve = (type: string): boolean => kinds.sources.find((kind) => kind.type === type)?.can.prove ?? false;
  return [...config.namespaces.values()].flatMap((namespace): Finding[] => {
    const { name, maxStalenessMs, sources = [...config.sources.keys()] } = namespace;
    if (maxStalenessMs === undefined || sources.some((source) => canProve(config.sources.get(source)?.type ?? '')))
      return [];
    const place = config.places?.get(`namespaces.${name}.max_staleness`) ?? { line: 1, column: 1 };
    return [
      {
        severity: 'warning',
        code: 'STALENESS_UNPROVABLE',
        file,
        ...place,
        what: `no source of "${name}" can prove freshness`,
        why: 'max_staleness is held by proofs',
        fix: 'name a change feed under "sources", or remove max_staleness',
      },
    ];
  });
}
