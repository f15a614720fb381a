import type { JSX } from 'preact';
import type { NamespaceStatus } from '../../../src/model/status.ts';
import { plural, span } from '../words.ts';
import { Lamp, Panel, Said, type Light } from './text.tsx';

export function Namespaces({ namespaces }: { namespaces: readonly NamespaceStatus[] }): JSX.Element {
  return (
    <Panel title="Trust">
      <ul class="things">
        {namespaces.map((namespace) => (
          <NamespaceItem key={namespace.name} namespace={namespace} />
        ))}
      </ul>
      {namespaces.length === 0 ? <p class="empty">No namespace is configured: nothing is cached here.</p> : null}
    </Panel>
  );
}

export function trustLight({ trust }: NamespaceStatus): Light {
  return trust === 'fresh' ? 'good' : trust === 'uncertain' ? 'warn' : 'idle';
}

function NamespaceItem({ namespace }: { namespace: NamespaceStatus }): JSX.Element {
  const { hits, misses, refusedFills } = namespace;
  return (
    <li>
      <p class="head">
        <Lamp light={trustLight(namespace)} />
        <strong>
          <Said text={namespace.name} />
        </strong>
        <span class="state">{namespace.trust === 'ttl' ? 'TTL only' : namespace.trust}</span>
      </p>
      <p class="sentence">{sentence(namespace)}</p>
      <p class="reason">
        <Said text={namespace.reason} />
      </p>
      <p class="facts">
        TTL {span(namespace.ttlMs)} · {plural(hits, 'hit')} · {plural(misses, 'miss', 'misses')} ·{' '}
        {plural(refusedFills, 'late fill')} refused
      </p>
    </li>
  );
}

/** What a reader gets now. */
function sentence(namespace: NamespaceStatus): string {
  const { trust, maxStalenessMs, ttlMs } = namespace;
  if (trust === 'ttl' || maxStalenessMs === undefined)
    return `Served for up to ${span(ttlMs)}; no closer bound was asked for.`;
  if (trust === 'fresh') return `Hits are proven no older than ${span(maxStalenessMs)}.`;
  return `Not provable within ${span(maxStalenessMs)}: ${UNCERTAIN[namespace.whenUncertain] ?? namespace.whenUncertain}.`;
}

const UNCERTAIN: Readonly<Record<string, string>> = {
  bypass: 'reads go past the cache to the source',
  revalidate: 'reads are served up to the TTL and refreshed behind',
  serve: 'reads are served up to the TTL, with their age',
  error: 'reads fail',
};
