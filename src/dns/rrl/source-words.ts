/**
 * A packet's source as 32-bit words, and lists of networks in the same form, so that neither a look at a source nor
 * the search for its network makes garbage.
 *
 * Invariant: an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the IPv4 address, or all of IPv4 would be one network
 * on a socket of both families.
 */
import { type IpFamily, addressBytes, familyOf, parseIpAddress } from '../../net/ip-address.ts';
import type { IpPrefix } from '../../net/ip-prefix.ts';
import type { ByteRange } from '../cookies/server-cookies.ts';

/** Reads the 4 or 16 network bytes at `at` into `words` (four; IPv4 uses the first) and returns the family. */
export function readSource(bytes: Uint8Array, at: number, length: 4 | 16, words: Int32Array): IpFamily {
  if (length === 4) {
    words[0] = wordAt(bytes, at);
    return 4;
  }
  const w0 = wordAt(bytes, at);
  const w1 = wordAt(bytes, at + 4);
  const w2 = wordAt(bytes, at + 8);
  const w3 = wordAt(bytes, at + 12);
  const isMapped = w0 === 0 && w1 === 0 && w2 === 0xffff;
  words[0] = isMapped ? w3 : w0;
  words[1] = w1;
  words[2] = w2;
  words[3] = w3;
  return isMapped ? 4 : 6;
}

/**
 * Reads the text that Node has for a peer's address, which may name an interface, into `into`, whose bytes have room
 * for 16; false where the text is no address. Dotted decimal makes no garbage.
 */
export function readPeer(text: string, into: ByteRange): boolean {
  into.at = 0;
  if (readDotted(text, into.bytes)) {
    into.length = 4;
    return true;
  }
  const address = parseIpAddress(text.replace(/%.*/, ''));
  if (address === undefined) return false;
  into.bytes.set(addressBytes(address));
  into.length = address.length;
  return true;
}

/** The network bytes of a peer whose address Node has as text; undefined where that is none. */
export function peerOf(text: string): ByteRange | undefined {
  const peer = { bytes: new Uint8Array(16), at: 0, length: 0 };
  return readPeer(text, peer) ? peer : undefined;
}

/** Four decimal numbers without leading zeros, as the system writes them; false for anything else. */
function readDotted(text: string, bytes: Uint8Array): boolean {
  let part = 0;
  let value = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (value === -1 || part === 3) return false;
      bytes[part++] = value;
      value = -1;
    } else {
      const digit = code - ZERO;
      if (digit < 0 || digit > 9 || value === 0) return false;
      value = value === -1 ? digit : value * 10 + digit;
      if (value > 255) return false;
    }
  }
  if (part !== 3 || value === -1) return false;
  bytes[3] = value;
  return true;
}

const DOT = 46;
const ZERO = 48;

/** The mask of a network of `length` bits for the 32-bit word that begins at bit `from`. */
export function maskWord(length: number, from: number): number {
  const bits = length - from;
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** A fixed set of networks. Looking one up costs a few nanoseconds for each network of the source's family. */
export class NetworkList {
  /** Base and mask, in turn. */
  readonly #v4: Int32Array;
  /** Four words of the base, four of the mask, in turn. */
  readonly #v6: Int32Array;

  constructor(networks: readonly IpPrefix[]) {
    const bases = (family: IpFamily): readonly IpPrefix[] =>
      networks.filter(({ base }) => familyOf(base) === family);
    this.#v4 = Int32Array.from(
      bases(4).flatMap(({ base, length }) => [wordAt(addressBytes(base), 0), maskWord(length, 0)]),
    );
    const offsets = [0, 1, 2, 3];
    this.#v6 = Int32Array.from(
      bases(6).flatMap(({ base, length }) => [
        ...offsets.map((i) => wordAt(addressBytes(base), 4 * i)),
        ...offsets.map((i) => maskWord(length, 32 * i)),
      ]),
    );
  }

  /** Whether one of the networks holds the source that `readSource` read. */
  holds(words: Int32Array, family: IpFamily): boolean {
    return family === 4 ? this.#holdsV4(words[0]!) : this.#holdsV6(words);
  }

  #holdsV4(word: number): boolean {
    const list = this.#v4;
    for (let i = 0; i < list.length; i += 2) if ((word & list[i + 1]!) === list[i]) return true;
    return false;
  }

  #holdsV6(words: Int32Array): boolean {
    const list = this.#v6;
    for (let i = 0; i < list.length; i += 8) {
      if (
        (words[0]! & list[i + 4]!) === list[i] &&
        (words[1]! & list[i + 5]!) === list[i + 1] &&
        (words[2]! & list[i + 6]!) === list[i + 2] &&
        (words[3]! & list[i + 7]!) === list[i + 3]
      )
        return true;
    }
    return false;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
