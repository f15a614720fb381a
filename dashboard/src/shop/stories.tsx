import type { JSX } from 'preact';
import type { Step, Story } from '../../../src/demo/timeline.ts';
import { Panel, Said } from '../view/text.tsx';
import { clockSeconds, count, span } from '../words.ts';

export function Stories({ stories }: { stories: readonly Story[] }): JSX.Element {
  return (
    <Panel title="What each write led to" aside="time since its commit">
      {stories.length === 0 ? (
        <p class="empty">Change a price: its way from the commit to the next fresh read shows here.</p>
      ) : null}
      <ol class="stories">
        {stories.map((story) => (
          <li key={story.id}>
            <h3>
              <Said text={story.title} /> <time>{clockSeconds(story.at)}</time>
            </h3>
            <ol>
              {story.steps.map((step, i) => (
                <Line key={i} step={step} />
              ))}
            </ol>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Line({ step }: { step: Step }): JSX.Element {
  return (
    <li class={`step ${TONES[step.what] ?? ''}`} data-step={step.what}>
      <span class="ms">{since(step.ms)}</span>
      <span>
        <strong>{step.what}</strong> <Said text={step.text} />
      </span>
    </li>
  );
}

const TONES: Partial<Record<Step['what'], string>> = {
  'write committed': 'mark',
  evicted: 'mark',
  'fill refused': 'good',
  'next read': 'good',
};

/** Milliseconds to the end of what a person watches: a unit that changes within a story would hide its shape. */
function since(ms: number): string {
  const sign = ms < 0 ? '−' : ms > 0 ? '+' : '';
  const size = Math.abs(ms);
  if (size >= 60_000) return sign + span(size);
  return `${sign}${size > 0 && size < 10 ? size.toFixed(1) : count(Math.round(size))} ms`;
}
