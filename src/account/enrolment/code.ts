/**
 * The text of an enrolment code: letters and digits alone, as a token's, but longer and with a beginning of its own, so
 * that whoever pastes one for the other can be told so.
 * Invariant: 142 random bits follow, of the same alphabet as a token's.
 */
import { createTokenSecret } from '../token.ts';

const PREFIX = 'HMENR';
const CODE = /^HMENR[A-Za-z0-9]{24}$/;

/** A new code: 29 ASCII alphanumerics. */
export function createEnrolmentCode(): string {
  return PREFIX + createTokenSecret();
}

/** Whether a text has the form of a code; blanks around it are the caller's to drop. */
export function looksLikeCode(text: string): boolean {
  return CODE.test(text);
}
