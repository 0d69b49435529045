/** How a plan refuses a command: one shape, one sentence that says what to do. */
import type { AdminErrorCode, AdminFailure } from './command.ts';

/** A refusal with its code and its sentence for the operator. */
export function refuse(code: AdminErrorCode, message: string): AdminFailure {
  return { ok: false, code, message };
}

/** The plan of a refused command: it changes nothing. */
export function refused(failure: AdminFailure): {
  readonly changes: readonly [];
  readonly result: AdminFailure;
} {
  return { changes: [], result: failure };
}
