/**
 * The address a request comes from, decided in one place for log-ins, lockouts, updates without an address and
 * "what is my address".
 *
 * Invariant (fails closed): what a header says counts only when the socket's own peer is a trusted proxy, and then
 * only as far as an unbroken chain of trusted proxies vouches for it, from the right. Anything else, or anything
 * that cannot be read, leaves the nearest address that was proved. Forwarded: RFC 7239 §4 and §6.
 */
import { type IpAddress, parseIpAddress } from './ip-address.ts';
import { type IpPrefix, prefixContains } from './ip-prefix.ts';

/**
 * Which header the trusted proxies write. `either` takes X-Forwarded-For where there is one and Forwarded where
 * there is none; name one header where a proxy passes the other through as the client sent it.
 */
export type ForwardedHeader = 'x-forwarded-for' | 'forwarded' | 'either';

/** The two headers, each as received; several lines of one header joined by commas. */
export interface ForwardedHeaders {
  readonly 'x-forwarded-for'?: string | string[] | undefined;
  readonly forwarded?: string | undefined;
}

/** Which peers are believed, and about what. */
export interface SourcePolicy {
  readonly trustedProxies: readonly IpPrefix[];
  readonly forwardedHeader: ForwardedHeader;
}

/** More hops than any real chain; what lies further left is not looked at. */
const MAX_HOPS = 32;

/** The source address of a request that arrived from `peer` with these headers. Never throws. */
export function resolveSourceAddress(
  peer: IpAddress,
  headers: ForwardedHeaders,
  policy: SourcePolicy,
): IpAddress {
  if (!isTrustedProxy(peer, policy)) return peer;
  let proved = peer;
  for (const hop of hopsFromTheRight(headers, policy.forwardedHeader)) {
    const address = parseHop(hop);
    if (address === undefined) return proved;
    proved = address;
    if (!isTrustedProxy(address, policy)) return proved;
  }
  return proved;
}

/** What a proxy says about the way on which the client came to it. */
export interface SchemeHeaders {
  readonly 'x-forwarded-proto'?: string | string[] | undefined;
  readonly forwarded?: string | undefined;
}

/**
 * Whether a request that arrived from `peer` came to that proxy over HTTPS. Only a trusted proxy is believed, and of
 * several values only its own, the last (RFC 7239 §5.4 for `proto`).
 */
export function cameOverHttps(peer: IpAddress, headers: SchemeHeaders, policy: SourcePolicy): boolean {
  const { 'x-forwarded-proto': scheme, forwarded } = headers;
  if (scheme === undefined && forwarded === undefined) return false;
  if (!isTrustedProxy(peer, policy)) return false;
  const believed = policy.forwardedHeader;
  const said =
    believed === 'forwarded' || (believed === 'either' && scheme === undefined)
      ? /(?:^|;)\s*proto="?(\w+)/i.exec(forwarded?.split(',').at(-1) ?? '')?.[1]
      : scheme?.toString().split(',').at(-1)?.trim();
  return said?.toLowerCase() === 'https';
}

/** Whether this address is one of the trusted proxies. */
export function isTrustedProxy(address: IpAddress, policy: SourcePolicy): boolean {
  for (const prefix of policy.trustedProxies) if (prefixContains(prefix, address)) return true;
  return false;
}

function hopsFromTheRight(headers: ForwardedHeaders, believed: ForwardedHeader): string[] {
  const chain = headers['x-forwarded-for'];
  const forwardedFor = Array.isArray(chain) ? chain.join(',') : chain;
  if (believed === 'forwarded' || (believed === 'either' && forwardedFor === undefined)) {
    return forwardedElements(headers.forwarded ?? '')
      .slice(-MAX_HOPS)
      .reverse();
  }
  return forwardedFor === undefined ? [] : forwardedFor.split(',').slice(-MAX_HOPS).reverse();
}

/** The `for` value of each element; an element without one is an unreadable hop, not a missing one. */
function forwardedElements(header: string): string[] {
  if (header.trim() === '') return [];
  return splitOutsideQuotes(header, ',').map((element) => {
    for (const pair of splitOutsideQuotes(element, ';')) {
      const [name = '', ...value] = pair.split('=');
      if (name.trim().toLowerCase() === 'for') return unquote(value.join('=').trim());
    }
    return '';
  });
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') quoted = !quoted;
    else if (quoted && char === '\\') i++;
    else if (!quoted && char === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(.)/g, '$1')
    : text;
}

/** An address with the port and brackets that proxies add (RFC 7239 §6); obfuscated names are not addresses. */
function parseHop(text: string): IpAddress | undefined {
  const hop = text.trim();
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop)?.[1];
  if (bracketed !== undefined) return parseIpAddress(bracketed);
  const withPort = /^([\d.]+):\d{1,5}$/.exec(hop)?.[1];
  return parseIpAddress(withPort ?? hop);
}
