/** The command line: its commands and their options. */
import { Command, CommanderError } from 'commander';
import { CommandError, EXIT, type ExitCode } from '../exit-code.ts';
import { VERSION } from '../version.ts';
import type { CommandContext, PlaceOptions } from './context.ts';
import { checkCommand, detectCommand } from './look-commands.ts';
import {
  type EnrolOptions,
  enrolCommand,
  protectCommand,
  type AddOptions,
  addCommand,
} from './secret-commands.ts';
import { type ServiceOptions, installCommand, uninstallCommand } from './service-commands.ts';
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
  add('check', 'check the configuration').action(async (options: PlaceOptions) => {
    end(await checkCommand(context, options));
  });
  add('detect', 'show what each source of addresses says')
    .option('--json', 'as JSON')
    .action(async (options: PlaceOptions & { json?: boolean }) => {
      end(await detectCommand(context, options));
    });
  add('protect', 'write a secret so that the configuration can name its file')
    .option('--in <file>', 'where the secret is (default: standard input)')
    .requiredOption('--out <file>', 'where it goes')
    .action(async (options: PlaceOptions & { in?: string; out: string }) => {
      end(await protectCommand(context, options));
    });
  addMachineCommands(add, context, end);
  addServiceCommands(program, context, end);
  program
    .command('version')
    .description('print the version')
    .action(() => {
      context.print(`${VERSION}\n`);
    });
  return program;
}

/** The commands by which a machine comes to its host. */
function addMachineCommands(
  add: (name: string, description: string) => Command,
  context: CommandContext,
  end: (code: ExitCode) => void,
): void {
  add('enroll', 'exchange an enrolment code for a host of this machine')
    .requiredOption('--server <url>', 'the server, https://NAME')
    .option('--code <code>', 'the code (default: from standard input)')
    .option('--name <name>', 'the name of this machine (default: its host name)')
    .option('--serial <number>', 'its serial number (default: what the firmware says)')
    .option('--ca <file>', 'a root certificate to trust, PEM')
    .option('--proxy <url>', 'system, none, or a URL')
    .option('--allow-http', 'without TLS, which shows the code to everybody on the way')
    .action(async (options: EnrolOptions) => {
      end(await enrolCommand(context, options));
    });
  add('add', 'add a host, whose token you have, to the configuration')
    .requiredOption('--server <url>', 'the server, https://NAME')
    .requiredOption('--host <name>', 'the host')
    .option('--user <name>', 'the account, where the token alone does not do')
    .option('--token <token>', 'the token (default: from standard input, where nobody else sees it)')
    .option('--ca <file>', 'a root certificate to trust, PEM')
    .option('--proxy <url>', 'system, none, or a URL')
    .option('--allow-http', 'without TLS, which shows the token to everybody on the way')
    .action(async (options: AddOptions) => {
      end(await addCommand(context, options));
    });
}

function addServiceCommands(program: Command, context: CommandContext, end: (code: ExitCode) => void): void {
  const root = ['--root <directory>', 'below this directory, and start nothing (systemd)'] as const;
  program
    .command('install')
    .description('run the agent as a service of the system')
    .option(...root)
    .action(async (options: ServiceOptions) => {
      end(await installCommand(context, options));
    });
  program
    .command('uninstall')
    .description('take the service away')
    .option(...root)
    .option('--purge', 'the configuration too')
    .action(async (options: ServiceOptions) => {
      end(await uninstallCommand(context, options));
    });
}
