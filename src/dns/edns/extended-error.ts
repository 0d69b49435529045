/** Extended DNS Errors (RFC 8914): why a question was not answered, for the people who debug it. */
import { EDNS_OPTION, type EdnsOption } from './opt.ts';

/** INFO-CODEs that Homing sends (IANA Extended DNS Error Codes). */
export const EXTENDED_ERROR = { NOT_AUTHORITATIVE: 20, INVALID_QUERY_TYPE: 30 } as const;

/** An INFO-CODE that Homing sends. */
export type ExtendedErrorCode = (typeof EXTENDED_ERROR)[keyof typeof EXTENDED_ERROR];

/** The option for a code, without EXTRA-TEXT: it would only make the answer to a stranger larger. */
export function extendedError(code: ExtendedErrorCode): EdnsOption {
  return { code: EDNS_OPTION.EXTENDED_ERROR, data: Uint8Array.of(code >>> 8, code & 0xff) };
}
