/** The command line: its commands and their options. */
import { Command, CommanderError } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { VERSION } from '../version.ts';
import type { CommandContext, PlaceOptions } from './context.ts';
import { onceCommand } from './once-command.ts';
import { runCommand } from './run-command.ts';
import { statusCommand } from './status-command.ts';

/** Runs the command that the arguments name; every end of it is an exit code. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = buildProgram(context, (result) => (code = result));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return code;
  } catch (error) {
    // Commander has printed what is wrong; help and version end the same way, with 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(error instanceof CommandError)) throw error;
    context.printError(`homing-agent: ${error.message}\n`);
    return error.exitCode;
  }
}

function buildProgram(context: CommandContext, end: (code: ExitCode) => void): Command {
  const program = new Command('homing-agent')
    .description("Keeps this machine's name right in DNS.")
    .exitOverride()
    .configureOutput({ writeOut: context.print, writeErr: context.printError });
  const add = (name: string, description: string): Command =>
    program
      .command(name)
      .description(description)
      .option('--config <file>', `configuration (default: ${context.platform.places.config})`)
      .option('--state <directory>', `where the state is kept (default: ${context.platform.places.state})`);

  add('run', 'run until told to stop').action(async (options: PlaceOptions) => {
    end(await runCommand(context, options));
  });
  add('once', 'look once and update what differs')
    .option('--force', 'try every host, stopped ones too')
    .action(async (options: PlaceOptions & { force?: boolean }) => {
      end(await onceCommand(context, options));
    });
  add('status', 'show how each host stands; exit code 0 well, 1 failed, 2 stopped, 3 unknown')
    .option('--json', 'as JSON')
    .action(async (options: PlaceOptions & { json?: boolean }) => {
      end(await statusCommand(context, options));
    });
  program
    .command('version')
    .description('print the version')
    .action(() => {
      context.print(`${VERSION}\n`);
    });
  return program;
}
