/**
 * The frame of every administrative command: read the arguments, carry the command out, print or refuse.
 * Invariant: a command does the same, prints the same and exits the same whether or not a server runs.
 */
import type { Command } from 'commander';
import type { AdminCommand, AdminResults } from '../update/admin/command.ts';
import { type CliContext, printResult } from './context.ts';
import { openDataAccess } from './data-access.ts';
import { CliError, exitCodeOf } from './exit-code.ts';
import { type SharedOptions, loadOptions, loadOrRefuse, withData, withJson } from './options.ts';

type Kind = AdminCommand['kind'];

/** One administrative command of the command line. */
export interface AdministrativeCommand<K extends Kind> {
  /** Lines for the help, without the program's name. */
  readonly examples: readonly string[];
  /** The command that the arguments and options ask for. */
  toCommand(
    args: readonly string[],
    options: Record<string, unknown>,
  ): Extract<AdminCommand, { kind: K }> | Promise<Extract<AdminCommand, { kind: K }>>;
  /** The result for people. */
  show(value: AdminResults[K]): string;
}

/** The commands that may be the first on an empty data directory. */
const FIRST_COMMANDS: ReadonlySet<Kind> = new Set<Kind>(['zone-add', 'account-add']);

/** Completes `command` with the shared options, its examples and its action. */
export function administrative<K extends Kind>(
  command: Command,
  context: CliContext,
  spec: AdministrativeCommand<K>,
): void {
  withExamples(withJson(withData(command)), spec.examples).action(async () => {
    const options = command.opts<SharedOptions & Record<string, unknown>>();
    const args = command.processedArgs.flat() as string[];
    const request = await spec.toCommand(args, options);
    const { config } = loadOrRefuse(loadOptions(context, options));
    const access = await openDataAccess(config, { create: FIRST_COMMANDS.has(request.kind) });
    try {
      const result = await access.administrator.execute<K>(request);
      if (!result.ok) throw new CliError(exitCodeOf(result.code), result.code, result.message);
      printResult(context, options.json === true, result.value, spec.show(result.value));
    } finally {
      await access.close();
    }
  });
}

/** Adds examples to a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  homing ${example}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${lines}`);
}
