import type { Command } from 'commander';
import type { Shell } from '../shell.ts';
import { check } from './check.ts';
import { deadLetters } from './dead-letters.ts';
import { dev } from './dev.ts';
import { emit } from './emit.ts';
import { explain } from './explain.ts';
import { invalidate } from './invalidate.ts';
import { run } from './run.ts';
import { plan } from './plan.ts';
import { replay } from './replay.ts';
import { simulate } from './simulate.ts';
import { status } from './status.ts';
import { tail } from './tail.ts';

/** Every command, in the order of the help. A new one is a file here and its line. */
export const COMMANDS: readonly ((shell: Shell) => Command)[] = [
  dev,
  run,
  check,
  plan,
  simulate,
  explain,
  emit,
  invalidate,
  status,
  tail,
  replay,
  deadLetters,
];
