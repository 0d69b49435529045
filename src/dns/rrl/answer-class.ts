/**
 * The kinds of answer that are limited apart from each other. A flood of one kind (random names that do not exist,
 * say) must not cost a network its answers of another kind.
 *
 * Invariant: a reply and its bytes have the same class, so that every lane counts alike. What was asked for plays no
 * part: all names that do not exist are one class, whatever their number.
 */
import { RCODE } from '../rcode.ts';
import type { Reply } from '../wire/response.ts';

/** The classes, as the small integers that `RateLimiter.check` takes. NEGATIVE is no such name or no such type. */
export const ANSWER_CLASS = { ANSWER: 0, NEGATIVE: 1, REFERRAL: 2, ERROR: 3 } as const;

/** One of the classes. */
export type AnswerClass = (typeof ANSWER_CLASS)[keyof typeof ANSWER_CLASS];

/** The classes by their number, in words for people and metrics. */
export const ANSWER_CLASS_NAMES = ['answer', 'negative', 'referral', 'error'] as const;

/** A class in words. */
export type AnswerClassName = (typeof ANSWER_CLASS_NAMES)[number];

/** The class of a reply. */
export function classifyReply({ rcode, authoritative, answer, authority }: Reply): AnswerClass {
  if (rcode === RCODE.NXDOMAIN) return ANSWER_CLASS.NEGATIVE;
  if (rcode !== RCODE.NOERROR) return ANSWER_CLASS.ERROR;
  if (answer.length > 0) return ANSWER_CLASS.ANSWER;
  return classifyEmpty(authoritative, authority.length > 0);
}

/** The class of a response that begins at `at`, from its header alone. */
export function classifyResponse(bytes: Uint8Array, at: number): AnswerClass {
  const rcode = bytes[at + 3]! & 0x0f;
  if (rcode === RCODE.NXDOMAIN) return ANSWER_CLASS.NEGATIVE;
  if (rcode !== RCODE.NOERROR) return ANSWER_CLASS.ERROR;
  if ((bytes[at + 6]! | bytes[at + 7]!) !== 0) return ANSWER_CLASS.ANSWER;
  const authoritative = (bytes[at + 2]! & 0x04) !== 0;
  // What did not fit was an answer, or the name servers of a referral.
  if ((bytes[at + 2]! & 0x02) !== 0) return authoritative ? ANSWER_CLASS.ANSWER : ANSWER_CLASS.REFERRAL;
  return classifyEmpty(authoritative, (bytes[at + 8]! | bytes[at + 9]!) !== 0);
}

/** No data comes with authority, a referral with name servers only; with neither it is BADVERS or a bare cookie. */
function classifyEmpty(authoritative: boolean, hasAuthority: boolean): AnswerClass {
  if (authoritative) return ANSWER_CLASS.NEGATIVE;
  return hasAuthority ? ANSWER_CLASS.REFERRAL : ANSWER_CLASS.ERROR;
}
