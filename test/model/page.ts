import type { Explored } from './explore.ts';
import type { Variant } from './variants.ts';

/** A world of the protocol as it is, and what was seen of it. */
export interface Line {
  readonly name: string;
  readonly isLarge: boolean;
  readonly explored: Explored;
}

/** The line of docs/model.md that tells how a variant dies. */
export function traceLine({ id }: Variant, { counterexample }: Explored): string {
  return `- **${id}**: ${counterexample?.trace.join(' · ') ?? ''} → ${counterexample?.violation ?? ''}`;
}

export function page(
  variants: readonly { readonly variant: Variant; readonly explored: Explored }[],
  worlds: readonly Line[],
): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const seconds = (value: number): string => value.toFixed(value < 10 ? 1 : 0);
  const killed = variants.map(({ variant, explored }) => {
    const { states, seconds: took, counterexample } = explored;
    return `| ${variant.id} | ${variant.mistake} | ${counterexample?.trace.length ?? 0} | ${count(states)} | ${seconds(took)} |`;
  });
  const lines = (isLarge: boolean): string =>
    worlds
      .filter((one) => one.isLarge === isLarge)
      .map(
        ({ name, explored: { states, transitions, deepest, seconds: took } }) =>
          `| ${name} | ${count(states)} | ${count(transitions)} | ${deepest} | ${seconds(took)} |`,
      )
      .join('\n');
  const total = (isLarge: boolean): string =>
    count(worlds.filter((one) => one.isLarge === isLarge).reduce((sum, { explored }) => sum + explored.states, 0));
  const head = '| world | states | transitions | deepest | s |\n| --- | --: | --: | --: | --: |';
  return `# The model

Made by \`npm run model -- --write\`; what it is and what it is not: [protocol.md](protocol.md#the-model).

## What must die

Each variant is the protocol with one rule switched off ([rules.ts](../test/model/rules.ts)), in the smallest world that
shows what it leads to. The trace is a shortest one. States are those seen until then, seconds those of the processor.

| id | mistake | steps | states | s |
| -- | ------- | ----: | -----: | -: |
${killed.join('\n')}

### The traces

${variants.map(({ variant, explored }) => traceLine(variant, explored)).join('\n')}

## What must survive

Every state of these worlds was seen, and none breaks an invariant. In CI, ${total(false)} states:

${head}
${lines(false)}

${worlds.some(({ isLarge }) => isLarge) ? `In a longer run, ${total(true)} states:\n\n${head}\n${lines(true)}\n` : ''}`;
}
