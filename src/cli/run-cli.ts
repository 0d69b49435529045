/**
 * From arguments to an exit code: runs one command and turns every way it can fail into one clear line.
 * Invariant: a stack trace is shown only for a fault of Homing itself.
 */
import { CommanderError } from 'commander';
import { PasswordError } from '../account/password.ts';
import { StoreError } from '../store/store.ts';
import type { CliContext } from './context.ts';
import { ControlError } from './control/socket-path.ts';
import { CliError, type ExitCode, exitCodeOfStore } from './exit-code.ts';
import { buildProgram } from './program.ts';

/** Runs the command that `args` (without the program's own name) ask for. Never rejects. */
export async function runCli(args: readonly string[], context: CliContext): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const json = args.includes('--json');
  const program = buildProgram({ ...context, json }, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // For people Commander has written its own message by now.
      if (!json) return 2;
    }
    const failure = describeFailure(error);
    const line = json
      ? JSON.stringify({ error: { code: failure.code, message: failure.message } })
      : `homing: ${failure.message}`;
    context.stderr.write(`${line}\n`);
    return failure.exitCode;
  }
}

function describeFailure(error: unknown): { exitCode: ExitCode; code: string; message: string } {
  if (error instanceof CliError) return error;
  if (error instanceof CommanderError) {
    return {
      exitCode: 2,
      code: 'usage',
      message: error.message.replace(/^error: /, '').replaceAll('\n', ' '),
    };
  }
  if (error instanceof StoreError) {
    return { exitCode: exitCodeOfStore(error.code), code: error.code, message: error.message };
  }
  if (error instanceof ControlError || error instanceof PasswordError) {
    return { exitCode: 1, code: error.code, message: error.message };
  }
  const system = error as NodeJS.ErrnoException;
  if (error instanceof Error && system.syscall !== undefined) {
    return { exitCode: 1, code: system.code ?? 'failed', message: error.message };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: 1, code: 'internal', message: `this is a fault of Homing itself: ${message}` };
}
