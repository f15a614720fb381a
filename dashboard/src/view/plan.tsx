import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { PlanPreview } from '../../../src/operations.ts';
import { postJson } from '../daemon/api.ts';
import { useAnswer } from './answer.ts';
import { Code, Panel, Said } from './text.tsx';

export function Plan(): JSX.Element {
  const [type, setType] = useState('');
  const [data, setData] = useState('{"product_id": 42}');
  const planned = useAnswer<PlanPreview>();
  return (
    <Panel title="Plan an event" aside="changes nothing" class="tool">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          planned.ask((signal) => postJson<PlanPreview>('v1/plan', { type, data: parsed(data) }, signal));
        }}
      >
        <input
          type="text"
          aria-label="Event type"
          placeholder="product.updated"
          required
          autocomplete="off"
          spellcheck={false}
          value={type}
          onInput={(event) => {
            setType(event.currentTarget.value);
          }}
        />
        <textarea
          aria-label="Event data, JSON"
          rows={1}
          spellcheck={false}
          value={data}
          onInput={(event) => {
            setData(event.currentTarget.value);
          }}
        />
        <button type="submit">Plan</button>
      </form>
      {planned.error ? (
        <p class="error" role="alert">
          <Said text={planned.error} />
        </p>
      ) : null}
      {planned.answer ? <Planned preview={planned.answer} /> : null}
    </Panel>
  );
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch (cause) {
    throw new Error(`The data is not JSON: ${cause instanceof Error ? cause.message : 'unreadable'}`, { cause });
  }
}

function Planned({ preview }: { preview: PlanPreview }): JSX.Element {
  const { plan } = preview;
  return (
    <div class="answer">
      {preview.matched.length === 0 ? <p class="warning">No contract has a trigger for this type.</p> : null}
      <ul>
        {preview.matched.map((match, i) => (
          <li key={i}>
            <Code text={match.contract} />{' '}
            <span class="dim">
              <Said text={`${match.file}:${String(match.line)}`} />
            </span>{' '}
            <Said text={match.note} />
          </li>
        ))}
      </ul>
      {plan.problems.map((problem, i) => (
        <p key={i} class="error">
          <Said text={`${problem.code} ${problem.template}: ${problem.message}`} />
        </p>
      ))}
      {preview.layers.map((layer) => (
        <div key={layer.layer}>
          <h3>
            <Said text={layer.layer} />
          </h3>
          <ul>
            {layer.actions.map((action, i) => (
              <li key={i}>
                <Code text={action} />
              </li>
            ))}
            {layer.skipped.map((action, i) => (
              <li key={`skipped-${String(i)}`} class="dim">
                <Code text={action} /> not possible here
              </li>
            ))}
          </ul>
        </div>
      ))}
    </div>
  );
}
