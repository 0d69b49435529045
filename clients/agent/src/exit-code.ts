/** How a command ends. Invariant: a code has one meaning for all commands but `status` and `once`. */

/** The exit codes. */
export const EXIT = {
  done: 0,
  failed: 1,
  stopped: 2,
  unknown: 3,
  usage: 64,
  unavailable: 69,
  held: 75,
  denied: 77,
  config: 78,
} as const;

/** An exit code. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Why a command did not do what was asked, in words without any secret. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
