/**
 * The options that commands share, and how they become the configuration.
 * Invariant: every command finds the data directory by the same layers as the server does.
 */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { FlagValue } from '../config/layer.ts';
import { type LoadOptions, type LoadedConfig, loadConfig } from '../config/load.ts';
import type { SettingKey } from '../config/schema.ts';
import { LOG_LEVELS } from '../ops/log.ts';
import type { CliContext } from './context.ts';
import { CliError } from './exit-code.ts';

/** What the shared options give. */
export interface SharedOptions {
  readonly data?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** What the options of serving give besides. */
export interface ServeOptions extends SharedOptions {
  readonly http?: readonly string[];
  readonly dns?: readonly string[];
  readonly logLevel?: string;
  readonly pretty?: boolean;
}

/** Adds `--data` and `--config`. */
export function withData(command: Command): Command {
  return command
    .option('--data <dir>', 'the data directory (setting data; default ./data)')
    .option('--config <file>', 'the configuration file (default homing.yaml, if it exists)');
}

/** Adds `--json`. */
export function withJson(command: Command): Command {
  return command.option('--json', 'print one line of JSON for scripts');
}

/** Adds the options that override settings of the server. */
export function withServeOptions(command: Command): Command {
  return withData(command)
    .addOption(repeatable('--http <addr:port>', 'where to serve HTTP; may be repeated (setting http.listen)'))
    .addOption(repeatable('--dns <addr:port>', 'where to answer DNS; may be repeated (setting dns.listen)'))
    .addOption(new Option('--log-level <level>', 'setting log.level').choices(LOG_LEVELS))
    .option('--pretty', 'log lines for people instead of JSON (setting log.pretty)');
}

/** An option that may be given several times, each with one value. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser((value: string, before: readonly string[] | undefined) => [
    ...(before ?? []),
    value,
  ]);
}

/** Reads a whole number in seconds. */
export function parseSeconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is a whole number of seconds.');
  return Number(text);
}

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Reads a length of time as `7d`, `12h`, `30m` or `90s`; in seconds. */
export function parseDuration(text: string): number {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text.trim().toLowerCase()) ?? [];
  if (number === undefined)
    throw new InvalidArgumentError('It is a number with s, m, h or d behind it, such as 7d.');
  return Number(number) * UNITS[unit as keyof typeof UNITS];
}

/** Reads a whole number. */
export function parseNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It is a whole number from 0.');
  return Number(text);
}

/** How the configuration is read for these options; `defaults` as in LoadOptions. */
export function loadOptions(
  context: CliContext,
  options: ServeOptions,
  defaults?: LoadOptions['defaults'],
): LoadOptions {
  const flags: Partial<Record<SettingKey, FlagValue>> = {};
  if (options.data !== undefined) flags.data = { flag: '--data', value: options.data };
  if (options.http !== undefined) flags['http.listen'] = { flag: '--http', value: options.http };
  if (options.dns !== undefined) flags['dns.listen'] = { flag: '--dns', value: options.dns };
  if (options.logLevel !== undefined) flags['log.level'] = { flag: '--log-level', value: options.logLevel };
  if (options.pretty !== undefined) flags['log.pretty'] = { flag: '--pretty', value: options.pretty };
  return {
    ...context.load,
    file: options.config,
    flags,
    ...(defaults === undefined ? {} : { defaults }),
  };
}

/** The configuration, or a CliError with every problem on a line of its own. */
export function loadOrRefuse(options: LoadOptions): LoadedConfig {
  const result = loadConfig(options);
  if (result.ok) return result.value;
  const [first, ...rest] = result.problems;
  const lines = rest.length === 0 ? (first ?? '') : ['', ...result.problems].join('\n  ');
  throw new CliError(5, 'configuration', `the configuration is not valid: ${lines}`);
}
