/**
 * The frame of every administrative command: read the arguments, carry the command out, print or refuse.
 * Invariant: a command does the same, prints the same and exits the same whether or not a server runs.
 */
import type { Command } from 'commander';
import type { AdminCommand, AdminResults, OnProgress } from '../update/admin/command.ts';
import { createProgressLine } from './bulk/progress-line.ts';
import { type CliContext, printResult } from './context.ts';
import { openDataAccess } from './data-access.ts';
import { CliError, exitCodeOf } from './exit-code.ts';
import { type SharedOptions, loadOptions, loadOrRefuse, withData, withJson } from './options.ts';

type Kind = AdminCommand['kind'];

/** One administrative command of the command line. */
export interface AdministrativeCommand<K extends Kind> {
  /** Lines for the help, without the program's name. */
  readonly examples: readonly string[];
  /** What a long command is about, in the plural; its progress is shown. */
  readonly things?: string;
  /** The command that the arguments and options ask for; reading a long one reports how far it has come. */
  toCommand(
    args: readonly string[],
    options: Record<string, unknown>,
    onProgress?: OnProgress,
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
    const value = await carryOut(command, context, spec);
    printResult(context, command.opts<SharedOptions>().json === true, value, spec.show(value));
  });
}

/** Does what the arguments of a command ask for. Rejects with CliError where it is refused. */
export async function carryOut<K extends Kind>(
  command: Command,
  context: CliContext,
  { things, toCommand }: Pick<AdministrativeCommand<K>, 'things' | 'toCommand'>,
): Promise<AdminResults[K]> {
  const options = command.opts<SharedOptions & Record<string, unknown>>();
  const progress =
    things === undefined
      ? undefined
      : createProgressLine(context, { what: things, silent: options.json === true });
  try {
    const args = command.processedArgs.flat() as string[];
    const request = await toCommand(args, options, progress?.onProgress);
    const { config } = loadOrRefuse(loadOptions(context, options));
    const access = await openDataAccess(config, { create: FIRST_COMMANDS.has(request.kind) });
    try {
      const result = await access.administrator.execute<K>(request, progress?.onProgress);
      if (!result.ok) throw new CliError(exitCodeOf(result.code), result.code, result.message);
      return result.value;
    } finally {
      await access.close();
    }
  } finally {
    progress?.end();
  }
}

/** Adds examples to a command's help. */
export function withExamples(command: Command, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  homing ${example}`).join('\n');
  return command.addHelpText('after', `\nExamples:\n${lines}`);
}
