/** How a plan refuses a command: one shape, one sentence that says what to do. */
import type { AdminErrorCode, AdminFailure } from './command.ts';

/** A refusal with its code and its sentence for the operator. */
export function refuse(code: AdminErrorCode, message: string): AdminFailure {
  return { ok: false, code, message };
}
