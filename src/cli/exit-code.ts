/**
 * The exit codes of every command, in one table; the help and the documentation print it.
 * Invariant: 0 means that what was asked for is done, and durable.
 */
import type { AdminErrorCode } from '../update/admin/command.ts';
import type { StoreErrorCode } from '../store/store.ts';

/** What each code means. */
export const EXIT_CODES = {
  0: 'done',
  1: 'failed, or refused by the data as it is',
  2: 'usage: an unknown command or option, or a value that is not what it should be',
  3: 'not found: no such zone, record, account, host or token',
  4: 'unavailable: the data directory is in use, the port is taken, or the store takes no writes; try again later',
  5: 'the configuration is not valid',
  6: 'exists already',
} as const;

/** An exit code. */
export type ExitCode = keyof typeof EXIT_CODES;

/** A command that did not succeed. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** For scripts: a word that does not change between versions. */
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
    this.code = code;
  }
}

const ADMIN_EXIT = {
  invalid: 2,
  'not-found': 3,
  exists: 6,
  conflict: 1,
  unavailable: 4,
} as const satisfies Record<AdminErrorCode, ExitCode>;

const STORE_EXIT = {
  'in-use': 4,
  unwritable: 4,
  corrupt: 1,
  'too-new': 1,
  closed: 1,
} as const satisfies Record<StoreErrorCode, ExitCode>;

/** The exit code of a refused administrative command. A word of a newer server is a failure like any other. */
export function exitCodeOf(code: string): ExitCode {
  return Object.hasOwn(ADMIN_EXIT, code) ? ADMIN_EXIT[code as AdminErrorCode] : 1;
}

/** The exit code of a store's operational failure. */
export function exitCodeOfStore(code: StoreErrorCode): ExitCode {
  return STORE_EXIT[code];
}

/** The table for help and documentation. */
export function formatExitCodes(): string {
  return Object.entries(EXIT_CODES)
    .map(([code, meaning]) => `  ${code}  ${meaning}`)
    .join('\n');
}
