#!/usr/bin/env node
import { runCli } from './program.ts';
import { realShell } from './real-shell.ts';

// Not process.exit: what was written to a pipe is to arrive first.
process.exitCode = await runCli(process.argv.slice(2), realShell());
