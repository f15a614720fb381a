import { Command, CommanderError, Option } from 'commander';
import { COMMANDS } from './commands/index.ts';
import { EXIT } from './exit.ts';
import { exitCodeOf, failureJson, renderFailure } from './failure.ts';
import { COMMON, examples } from './options.ts';
import { COLOURED } from './paint.ts';
import type { Shell } from './shell.ts';
import { VERSION } from '../service/version.ts';

/** Runs one command line to its end. Returns the exit code; never throws. */
export async function runCli(argv: readonly string[], shell: Shell): Promise<number> {
  try {
    await buildProgram(shell).parseAsync([...argv], { from: 'user' });
    return shell.exitCode;
  } catch (error) {
    // Help and --version end by a throw too; their exit code is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
    shell.err(argv.includes('--json') ? failureJson(error) : renderFailure(error, shell));
    return exitCodeOf(error);
  }
}

export function buildProgram(shell: Shell): Command {
  const program = new Command('tidemark')
    .description('Event-driven cache invalidation: source changes end the trust of exactly the right cache entries.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup(COMMON))
    .helpCommand('help [command]', 'show the help of a command')
    .showHelpAfterError('(--help shows what is possible)')
    .configureHelp({ helpWidth: 100, styleTitle: COLOURED.strong, subcommandTerm: termOf })
    .configureOutput({
      writeOut: (text) => {
        shell.out(text);
      },
      writeErr: (text) => {
        shell.err(text);
      },
      getOutHasColors: () => shell.paintOut === COLOURED,
      getErrHasColors: () => shell.paintErr === COLOURED,
      getOutHelpWidth: () => Math.min(shell.columns, 100),
      getErrHelpWidth: () => Math.min(shell.columns, 100),
    })
    .exitOverride()
    .addHelpText(
      'after',
      examples([
        ['tidemark dev', 'a daemon, a demo and a dashboard, with nothing to set up'],
        ['tidemark check', 'lint tidemark.yaml and its contracts'],
        ['tidemark run', 'the daemon'],
      ]) + '\n\nExit codes: 0 fine, 1 findings or failure, 2 usage, 78 configuration.',
    );
  for (const make of COMMANDS) {
    const command = make(shell);
    inherit(program, command);
    program.addCommand(command);
  }
  return program;
}

/** Without `[options]`, which every command has and which says nothing. */
function termOf(command: Command): string {
  const operands = command.registeredArguments.map((operand) => {
    const name = `${operand.name()}${operand.variadic ? '...' : ''}`;
    return operand.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...operands].join(' ');
}

/** `addCommand` alone does not hand down output, exit and help settings. */
function inherit(parent: Command, child: Command): void {
  child.copyInheritedSettings(parent);
  for (const grandchild of child.commands) inherit(child, grandchild);
}
