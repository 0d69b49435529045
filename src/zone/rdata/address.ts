/**
 * A and AAAA, compiled by dns2. The other types are not: a `Name` is wire form already, and dns2's dotted strings
 * would lose the dots inside labels (RFC 2181 §11); its codecs check ours in the tests.
 * Invariant: dns2 gets an IPv6 address as eight full groups only, because it misreads an embedded dotted quad.
 */
import { Packet } from 'dns2';
import { type IpAddress, addressFromBytes, formatIpAddress, parseIpAddress } from '../../net/ip-address.ts';
import { parsed, unparsable } from '../../ops/parsed.ts';
import { RRTYPE } from '../rrtype.ts';
import type { RdataCodec } from './codec.ts';
import { decodeNumber } from './fields.ts';
import type { Token } from './token.ts';

const MAPPED_PREFIX = '\0'.repeat(10) + '\xff\xff';

/** Root owner, type, class, TTL and RDLENGTH stand before the rdata of a record that dns2 encodes. */
const RECORD_HEADER = 11;

/** An IPv4 address in dotted decimal (RFC 1035 §3.4.1). */
export const A: RdataCodec = {
  parse: (tokens) => {
    const address = onlyAddress(tokens);
    if (address === undefined || tokens[0]!.text.includes(':'))
      return unparsable('one IPv4 address is needed, such as 192.0.2.1');
    return parsed(compile(RRTYPE.A, formatIpAddress(address)));
  },
  format: (wire) => (wire.length === 4 ? formatIpAddress(wireAddress(wire)) : undefined),
};

/** An IPv6 address (RFC 3596 §2.2); a mapped one stays the sixteen octets that were written. */
export const AAAA: RdataCodec = {
  parse: (tokens) => {
    const address = onlyAddress(tokens);
    if (address === undefined || !tokens[0]!.text.includes(':'))
      return unparsable('one IPv6 address is needed, such as 2001:db8::1');
    const wire = address.length === 16 ? address : MAPPED_PREFIX + address;
    const groups = Array.from({ length: 8 }, (_, i) => decodeNumber(wire, i * 2, 2).toString(16));
    return parsed(compile(RRTYPE.AAAA, groups.join(':')));
  },
  format: (wire) => {
    if (wire.length !== 16) return undefined;
    return (wire.startsWith(MAPPED_PREFIX) ? '::ffff:' : '') + formatIpAddress(wireAddress(wire));
  },
};

function onlyAddress(tokens: readonly Token[]): IpAddress | undefined {
  const [token] = tokens;
  return tokens.length === 1 && token?.quoted === false ? parseIpAddress(token.text) : undefined;
}

function compile(type: number, address: string): string {
  const record = new Packet.Resource({ name: '', type, class: Packet.CLASS.IN, ttl: 0, address });
  return Packet.Resource.encode(record).toString('latin1', RECORD_HEADER);
}

function wireAddress(wire: string): IpAddress {
  return addressFromBytes(Buffer.from(wire, 'latin1'));
}
