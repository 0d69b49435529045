/**
 * The COOKIE option of one packet after the other, on bytes alone: read out of the query before its answer is written
 * over it, and written behind the answer (RFC 7873 §5.2, RFC 9018 §4).
 *
 * Invariants: nothing is allocated for a packet; what is written is what the general lane gives for the same query,
 * client and second.
 */
import { EDNS_OPTION } from '../edns/opt.ts';
import {
  type ByteRange,
  CLIENT_COOKIE_LENGTH,
  COOKIE_LENGTH,
  type ServerCookies,
  parseCookieOption,
} from './server-cookies.ts';

/** Bytes of the option as it is written: code, length and data. */
export const COOKIE_OPTION_LENGTH = 4 + COOKIE_LENGTH;

/**
 * What a query's option says of its sender: MALFORMED must be answered with FORMERR, by the general lane; UNPROVEN may
 * be anybody; PROVEN has received an answer of ours at this address, and is not limited.
 */
export const COOKIE_PROOF = { MALFORMED: -1, UNPROVEN: 0, PROVEN: 1 } as const;

/** One of the proofs. */
export type CookieProof = (typeof COOKIE_PROOF)[keyof typeof COOKIE_PROOF];

/** Reads and writes the options of one thread's packets. */
export class CookieInPlace {
  readonly #cookies: ServerCookies;
  /** The data of the option for the answer to the packet at hand. */
  readonly #data = new Uint8Array(COOKIE_LENGTH);
  readonly #option: ByteRange = { bytes: this.#data, at: 0, length: 0 };
  readonly #client: ByteRange;

  /** `client` is whose packet is at hand, the 4 or 16 network bytes of its source; the caller changes it before each `take`. */
  constructor(cookies: ServerCookies, client: ByteRange) {
    this.#cookies = cookies;
    this.#client = client;
  }

  /**
   * Takes the option whose data are the `length` bytes at `at`, from the packet of the client, and prepares the one for
   * its answer, unless it is MALFORMED. Changes nothing in the packet. `nowSeconds` are seconds since 1970.
   */
  take(packet: Uint8Array, at: number, length: number, nowSeconds: number): CookieProof {
    const option = this.#option;
    option.length = length;
    if (parseCookieOption(option) === 'malformed') return COOKIE_PROOF.MALFORMED;
    option.bytes = packet;
    option.at = at;
    const worth = this.#cookies.check(option, this.#client, nowSeconds);
    const kept = worth === 'valid' ? COOKIE_LENGTH : CLIENT_COOKIE_LENGTH;
    for (let i = 0; i < kept; i++) this.#data[i] = packet[at + i]!;
    if (worth !== 'valid') this.#cookies.write(this.#data, 0, this.#client, nowSeconds);
    return worth === 'invalid' ? COOKIE_PROOF.UNPROVEN : COOKIE_PROOF.PROVEN;
  }

  /** Writes the whole option that `take` prepared at `at` and returns where it ends. */
  write(packet: Uint8Array, at: number): number {
    packet[at] = 0;
    packet[at + 1] = EDNS_OPTION.COOKIE;
    packet[at + 2] = 0;
    packet[at + 3] = COOKIE_LENGTH;
    for (let i = 0; i < COOKIE_LENGTH; i++) packet[at + 4 + i] = this.#data[i]!;
    return at + COOKIE_OPTION_LENGTH;
  }
}
