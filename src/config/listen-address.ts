/**
 * Where a server listens: `ADDR:PORT`, `[ADDR]:PORT` for IPv6.
 * Invariant: the address is an IP address, never a name whose meaning could change between two starts.
 */
import { familyOf, formatIpAddress, parseIpAddress } from '../net/ip-address.ts';
import { type Parsed, parsed, unparsable } from '../ops/parsed.ts';

/** One address to listen on. Port 0 lets the system choose. */
export interface ListenAddress {
  /** Canonical text of the IP address, without brackets. */
  readonly address: string;
  readonly port: number;
}

/** Reads `127.0.0.1:8080` or `[::1]:8080`. */
export function parseListenAddress(text: string): Parsed<ListenAddress> {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const address = host === undefined ? undefined : parseIpAddress(host);
  const port = Number(match?.[3]);
  if (address === undefined || !(port <= 65_535)) {
    return unparsable(`"${text}" is not ADDR:PORT, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080`);
  }
  return parsed({ address: formatIpAddress(address), port });
}

/** `ADDR:PORT`, with brackets around an IPv6 address. */
export function formatListenAddress({ address, port }: ListenAddress): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** The address under which a program on the same machine reaches the listener: an unspecified one becomes loopback. */
export function loopbackFor(listen: ListenAddress): ListenAddress {
  const address = parseIpAddress(listen.address);
  if (address === undefined || /[^\0]/.test(address)) return listen;
  return { address: familyOf(address) === 4 ? '127.0.0.1' : '::1', port: listen.port };
}
