import type { JSX } from 'preact';
import { visible } from '../words.ts';

/** A name, key or message from outside: always a text node, always with what it holds made visible. */
export function Said({ text }: { text: string }): JSX.Element {
  return <>{visible(text)}</>;
}

export function Code({ text, class: name }: { text: string; class?: string }): JSX.Element {
  return <code class={name}>{visible(text)}</code>;
}

export type Light = 'good' | 'warn' | 'bad' | 'idle';

const SHAPES: Record<Light, string> = { good: '●', warn: '▲', bad: '■', idle: '○' };

/** State by shape and colour, never by colour alone. The word stands beside it. */
export function Lamp({ light }: { light: Light }): JSX.Element {
  return (
    <span class={`lamp ${light}`} aria-hidden="true">
      {SHAPES[light]}
    </span>
  );
}

export function Panel(props: {
  title: string;
  aside?: JSX.Element | string | null;
  class?: string;
  children: preact.ComponentChildren;
}): JSX.Element {
  return (
    <section class={`panel ${props.class ?? ''}`} aria-label={props.title}>
      <header>
        <h2>{props.title}</h2>
        {props.aside ? <span class="aside">{props.aside}</span> : null}
      </header>
      {props.children}
    </section>
  );
}
