/** `homing check-config`: the effective configuration, where each value came from, or everything wrong with it. */
import type { Command } from 'commander';
import { type LoadOptions, loadConfig } from '../../config/load.ts';
import { withExamples } from '../administrative.ts';
import { type CliContext, printResult } from '../context.ts';
import { type ServeOptions, loadOptions, loadOrRefuse, withJson, withServeOptions } from '../options.ts';
import { formatTable } from '../table.ts';

/** Adds the command. */
export function addCheckConfigCommand(program: Command, context: CliContext): void {
  const command = program
    .command('check-config')
    .description('check the configuration and print what is in force, secrets masked');
  withExamples(withJson(withServeOptions(command)), [
    'check-config',
    'check-config --config /etc/homing/homing.yaml --json',
  ]).action(() => {
    const options = command.opts<ServeOptions>();
    print(context, options.json === true, loadOptions(context, options));
  });
}

function print(context: CliContext, json: boolean, options: LoadOptions): void {
  if (json) {
    const result = loadConfig(options);
    if (!result.ok) context.stdout.write(`${JSON.stringify({ ok: false, problems: result.problems })}\n`);
  }
  const { settings } = loadOrRefuse(options);
  const value = {
    ok: true,
    settings: settings.map(({ key, shown, origin }) => ({ key, value: shown, origin })),
  };
  const rows = settings.map(({ key, shown, origin }) => [key, describeValue(shown), origin]);
  printResult(context, json, value, formatTable(['SETTING', 'VALUE', 'FROM'], rows));
}

function describeValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '(none)' : value.join(', ');
  if (value === null) return '(none)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
