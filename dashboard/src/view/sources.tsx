import type { JSX } from 'preact';
import type { SourceStatus } from '../../../src/model/status.ts';
import { clockSeconds, plural, size, span } from '../words.ts';
import { Lamp, Panel, Said, type Light } from './text.tsx';

export function Sources({ sources, now }: { sources: readonly SourceStatus[]; now: number }): JSX.Element {
  return (
    <Panel title="Sources">
      <ul class="things">
        {sources.map((source) => (
          <SourceItem key={source.name} source={source} now={now} />
        ))}
      </ul>
      {sources.length === 0 ? <p class="empty">No source is configured.</p> : null}
    </Panel>
  );
}

export function sourceLight(source: SourceStatus): Light {
  if (source.state === 'stopped') return 'bad';
  if (source.state === 'waiting') return 'warn';
  if (source.state === 'starting') return 'idle';
  return source.warnings.length > 0 || source.gaps > 0 ? 'warn' : 'good';
}

function SourceItem({ source, now }: { source: SourceStatus; now: number }): JSX.Element {
  return (
    <li>
      <p class="head">
        <Lamp light={sourceLight(source)} />
        <strong>
          <Said text={source.name} />
        </strong>
        <span class="dim">{source.type}</span>
        <span class="state">{source.state}</span>
      </p>
      <p class="facts">{facts(source, now).join(' · ')}</p>
      {source.detail ? (
        <p class="reason">
          <Said text={source.detail} />
        </p>
      ) : null}
      {source.warnings.map((warning) => (
        <p key={warning} class="warning">
          <Said text={warning} />
        </p>
      ))}
      {source.lastError && source.state !== 'streaming' ? (
        <p class="error">
          <Said text={`${source.lastError.code}: ${source.lastError.message}`} />{' '}
          <time>at {clockSeconds(source.lastError.at)}</time>
        </p>
      ) : null}
    </li>
  );
}

function facts(source: SourceStatus, now: number): string[] {
  const said = [plural(source.events, 'event')];
  if (source.lastEventAt !== undefined) said.push(`last ${span(Math.max(0, now - source.lastEventAt))} ago`);
  if (source.lagBytes !== undefined) said.push(`lag ${size(source.lagBytes)}`);
  said.push(proof(source));
  if (source.restarts > 0) said.push(plural(source.restarts, 'restart'));
  if (source.gaps > 0) said.push(plural(source.gaps, 'gap'));
  return said;
}

function proof({ canProve, proofAgeMs }: SourceStatus): string {
  if (!canProve) return 'cannot prove freshness';
  return proofAgeMs === undefined ? 'nothing proven yet' : `proven ${span(Math.round(proofAgeMs))} ago`;
}
