import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LayerResults } from '../../../src/model/status.ts';
import type { Explanation } from '../../../src/operations.ts';
import { getJson, postJson } from '../daemon/api.ts';
import { count, plural, span, visible } from '../words.ts';
import { useAnswer } from './answer.ts';
import { Code, Panel, Said } from './text.tsx';

export function Explain({ now }: { now: number }): JSX.Element {
  const [key, setKey] = useState('');
  const explained = useAnswer<Explanation>();
  const ask = (): void => {
    explained.ask((signal) => getJson<Explanation>(`v1/explain?key=${encodeURIComponent(key)}`, signal));
  };
  return (
    <Panel title="Explain a key" class="tool">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (key !== '') ask();
        }}
      >
        <input
          type="text"
          aria-label="Key"
          placeholder="product:42"
          autocomplete="off"
          spellcheck={false}
          value={key}
          onInput={(event) => {
            setKey(event.currentTarget.value);
          }}
        />
        <button type="submit">Explain</button>
      </form>
      {explained.error ? (
        <p class="error" role="alert">
          <Said text={explained.error} />
        </p>
      ) : null}
      {explained.answer ? <Explained of={explained.answer} now={now} onChanged={ask} /> : null}
    </Panel>
  );
}

function Explained({ of, now, onChanged }: { of: Explanation; now: number; onChanged: () => void }): JSX.Element {
  return (
    <div class="answer">
      <h3>Held</h3>
      {of.held.length === 0 ? <p class="reason">No layer holds it.</p> : null}
      {of.absent.map(({ layer, namespace, reason }, i) => (
        <p key={i} class="reason">
          <Code text={namespace === null ? layer : `${layer} / ${namespace}`} /> <Said text={reason} />
        </p>
      ))}
      <ul>
        {of.held.map((held, i) => (
          <li key={i}>
            <strong>{visible(held.verdict)}</strong> in <Code text={held.layer} />, namespace{' '}
            <Code text={held.namespace} />, {span(held.ageMs ?? Infinity)} old: <Said text={held.reason} />
            {held.tags.length > 0 ? <span class="dim"> tags {visible(held.tags.join(', '))}</span> : null}
          </li>
        ))}
      </ul>
      <h3>Ended by</h3>
      {of.endedBy.length === 0 ? (
        <p class="warning">No contract can produce this key: only its TTL ends its trust.</p>
      ) : null}
      <ul>
        {of.endedBy.map((by, i) => (
          <li key={i}>
            {visible(by.triggers.join(', '))} → <Code text={by.action} /> <span class="dim">contract</span>{' '}
            <Code text={by.contract} />
          </li>
        ))}
      </ul>
      <h3>Last ended</h3>
      {of.last.length === 0 ? (
        <p class="reason">Not in the last {plural(of.searched, 'entry', 'entries')} of the journal.</p>
      ) : null}
      <ul>
        {of.last.map((last) => (
          <li key={last.offset}>
            #{count(last.offset)} <Said text={last.type} /> {span(Math.max(0, now - last.receivedAt))} ago via{' '}
            <Code text={last.via} />
          </li>
        ))}
      </ul>
      <EndNow name={of.key} onChanged={onChanged} />
    </div>
  );
}

function EndNow({ name, onChanged }: { name: string; onChanged: () => void }): JSX.Element {
  const ended = useAnswer<string>();
  return (
    <p class="act">
      <button
        type="button"
        onClick={() => {
          ended.ask(async (signal) => {
            const said = await postJson<{ layers?: LayerResults }>(
              'v1/invalidations',
              { keys: [name], reason: 'dashboard' },
              signal,
            );
            onChanged();
            return Object.entries(said.layers ?? {})
              .map(([layer, result]) => `${layer}: ${result}`)
              .join(', ');
          });
        }}
      >
        End its trust now
      </button>{' '}
      <span role="status">
        {ended.answer === null ? null : <Said text={`accepted ${ended.answer}`} />}
        {ended.error === null ? null : <Said text={ended.error} />}
      </span>
    </p>
  );
}
