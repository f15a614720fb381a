// What CI sees to the end, and then larger worlds. `--write` makes docs/model.md from it, `--short` leaves the larger
// worlds out, and a part of a name runs only what has it in its name.
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { explore, type Explored } from './explore.ts';
import { page, type Line } from './page.ts';
import { PROTOCOL, type Rules } from './rules.ts';
import { NOTHING, type Size } from './size.ts';
import { FLEETS, LARGE, ONE_PROCESS } from './survivors.ts';
import { VARIANTS } from './variants.ts';
import { world } from './world.ts';

/** Thirteen gigabytes at most, in the widest of worlds. */
const STATES_MAX = 150_000_000;

const words = process.argv.slice(2);
const only = words.find((word) => !word.startsWith('--'));

function run(name: string, rules: Partial<Rules> | undefined, size: Partial<Size>): Explored {
  const explored = explore(world({ ...PROTOCOL, ...rules }, { ...NOTHING, ...size }), STATES_MAX);
  const { states, transitions, deepest, seconds, counterexample } = explored;
  const rate = Math.round(states / Math.max(seconds, 0.001));
  const figures = `${states} states, ${transitions} transitions, ${deepest} steps deep, ${seconds.toFixed(1)} s, ${rate} states/s`;
  process.stdout.write(`${name}: ${figures}\n`);
  if (counterexample)
    process.stdout.write(`    ${counterexample.trace.join(' · ')}\n    → ${counterexample.violation}\n`);
  return explored;
}

const isAsked = (name: string): boolean => only === undefined || name.includes(only);
const variants = VARIANTS.filter(({ id }) => isAsked(id)).map((variant) => ({
  variant,
  explored: run(`${variant.id}: ${variant.mistake}`, variant.rules, variant.size),
}));
const worlds: Line[] = [];
for (const list of [ONE_PROCESS, FLEETS, ...(words.includes('--short') ? [] : [LARGE])]) {
  const isLarge = list === LARGE;
  for (const { name, rules, size } of list) {
    if (isAsked(name)) worlds.push({ name, isLarge, explored: run(name, rules, size) });
  }
}
const survived = variants.filter(({ explored }) => !explored.counterexample).map(({ variant }) => variant.id);
const killed = worlds.filter(({ explored }) => explored.counterexample).map(({ name }) => name);
const states = worlds.reduce((sum, { explored }) => sum + explored.states, 0);
process.stdout.write(
  `${variants.length - survived.length} of ${variants.length} variants killed; ${worlds.length - killed.length} of ${worlds.length} worlds survive, ${states} states\n`,
);
if (survived.length + killed.length > 0) process.exitCode = 1;
else if (words.includes('--write')) {
  const path = resolve('docs/model.md');
  writeFileSync(path, await format(page(variants, worlds), { ...(await resolveConfig(path)), filepath: path }));
}
