/** Response codes, opcodes and classes of DNS messages (IANA DNS parameters; RFC 1035 §4.1.1, RFC 6895 §2). */
import type { ResolutionKind } from '../zone/lookup.ts';

/** Response codes that Homing sends. Codes above 15 need an OPT record to carry their upper bits (RFC 6891 §6.1.3). */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  BADVERS: 16,
} as const;

/** A response code that Homing sends. */
export type Rcode = (typeof RCODE)[keyof typeof RCODE];

/** Opcodes that Homing tells apart. */
export const OPCODE = { QUERY: 0, NOTIFY: 4, UPDATE: 5 } as const;

/** Classes that Homing answers: data, and questions about the server itself (RFC 4892). */
export const CLASS = { IN: 1, CH: 3 } as const;

/** The response code of each way a resolution can end: that of the last name of a chain (RFC 6604 §3). */
export const RCODE_OF_RESOLUTION = {
  answer: RCODE.NOERROR,
  'no-data': RCODE.NOERROR,
  referral: RCODE.NOERROR,
  'no-name': RCODE.NXDOMAIN,
  'name-too-long': RCODE.YXDOMAIN,
} as const satisfies Record<ResolutionKind, Rcode>;
