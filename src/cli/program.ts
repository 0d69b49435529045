/** The command line as a whole: its commands, their help and the frame they share. */
import { Command } from 'commander';
import { readVersion } from '../ops/version.ts';
import { addAccountCommands } from './commands/account-commands.ts';
import { addCheckConfigCommand } from './commands/check-config-command.ts';
import { addEnrollCommands } from './commands/enroll-commands.ts';
import { addHostCommands } from './commands/host-commands.ts';
import { addServeCommands } from './commands/serve-commands.ts';
import { addStatusCommand } from './commands/status-command.ts';
import { addStoreCommands } from './commands/store-commands.ts';
import { addTokenCommands } from './commands/token-commands.ts';
import { addZoneCommands } from './commands/zone-commands.ts';
import type { CliContext } from './context.ts';
import { type ExitCode, formatExitCodes } from './exit-code.ts';

/** The program. A command that ends with something else than success or an error calls `setExitCode`. */
export function buildProgram(
  context: CliContext & { readonly json?: boolean },
  setExitCode: (code: ExitCode) => void,
): Command {
  const program = new Command('homing')
    .description('The dynamic-DNS provider that anyone can host.')
    .version(readVersion())
    .exitOverride()
    .configureOutput({
      ...(context.helpWidth === undefined ? {} : { getOutHelpWidth: () => context.helpWidth! }),
      writeOut: (text) => {
        context.stdout.write(text);
      },
      writeErr: (text) => {
        context.stderr.write(text);
      },
      outputError: (text, write) => {
        // For scripts the failure is told once, as JSON, by whoever runs the program.
        if (context.json !== true) write(text.replace(/^error: /, 'homing: '));
      },
    })
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError(context.json === true ? false : 'Try --help.')
    .addHelpText('after', `\nExit codes:\n${formatExitCodes()}`);
  addServeCommands(program, context, setExitCode);
  addZoneCommands(program, context);
  addAccountCommands(program, context);
  addHostCommands(program, context);
  addTokenCommands(program, context);
  addEnrollCommands(program, context);
  addStoreCommands(program, context, setExitCode);
  addCheckConfigCommand(program, context);
  addStatusCommand(program, context, setExitCode);
  return program;
}
