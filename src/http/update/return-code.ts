/**
 * The DynDNS2 return codes: the one table from outcome to code and HTTP status, and the lines made from it (D-7).
 *
 * Invariants: exhaustive by type, so that a new outcome does not compile without its answer here; host results are
 * sent with status 200, because clients read a code only then; nothing but `good` and `nochg` lines holds a word
 * that a client takes for success.
 */
import { type IpFamily, formatIpAddress } from '../../net/ip-address.ts';
import { describeNotice } from '../../update/derivation.ts';
import type { HostOutcome, Outcome, OutcomeKind, PublishedAddresses } from '../../update/outcome.ts';

/** A return code of the protocol. */
export type Code =
  'good' | 'nochg' | 'nohost' | 'notfqdn' | '!yours' | 'abuse' | 'dnserr' | 'badauth' | 'numhost' | '911';

/** What is sent for an outcome. */
export interface ReturnCode {
  readonly code: Code;
  readonly status: 200 | 401 | 503;
}

/** Outcome to return code (D-7.2). */
export const RETURN_CODES = {
  changed: { code: 'good', status: 200 },
  unchanged: { code: 'nochg', status: 200 },
  'no-such-host': { code: 'nohost', status: 200 },
  'not-fqdn': { code: 'notfqdn', status: 200 },
  'not-permitted': { code: '!yours', status: 200 },
  blocked: { code: 'abuse', status: 200 },
  'address-refused': { code: 'dnserr', status: 200 },
  'over-budget': { code: '911', status: 503 },
  'bad-credentials': { code: 'badauth', status: 401 },
  'insecure-credentials': { code: 'badauth', status: 401 },
  'record-refused': { code: 'dnserr', status: 200 },
  'locked-out': { code: '911', status: 503 },
  'bad-request': { code: 'notfqdn', status: 200 },
  'no-hostname': { code: 'notfqdn', status: 200 },
  'too-many-hosts': { code: 'numhost', status: 200 },
  overloaded: { code: '911', status: 503 },
  unavailable: { code: '911', status: 503 },
} as const satisfies Record<OutcomeKind, ReturnCode>;

/** Stands where a host has no address: clients split the line at its blank and need something behind it. */
const NO_ADDRESS = '0.0.0.0';
const BOTH: readonly IpFamily[] = [4, 6];

/** One line for each outcome, each ended by LF; `families` are those the request was about, in its order. */
export function formatHostLines(outcomes: readonly HostOutcome[], families: readonly IpFamily[]): string {
  let lines = '';
  for (const outcome of outcomes) lines += formatHostLine(outcome, families) + '\n';
  return lines;
}

function formatHostLine(outcome: HostOutcome, families: readonly IpFamily[]): string {
  const { code } = RETURN_CODES[outcome.kind];
  return outcome.kind === 'changed' || outcome.kind === 'unchanged'
    ? `${code} ${formatAddresses(outcome, families.length > 0 ? families : BOTH)}`
    : code;
}

function formatAddresses(published: PublishedAddresses, families: readonly IpFamily[]): string {
  let text = '';
  for (const family of families) {
    const address = family === 4 ? published.ipv4 : published.ipv6;
    if (address !== null) text += (text === '' ? '' : ',') + formatIpAddress(address);
  }
  return text === '' ? NO_ADDRESS : text;
}

/**
 * Why an outcome was refused, or the first host that stayed as it was and why, for the person who looks; undefined
 * where the code says it all. No word of success.
 */
export function describeRefusal(outcome: Outcome): string | undefined {
  if ('notices' in outcome) {
    const [first, ...more] = outcome.notices;
    if (first === undefined) return undefined;
    return describeNotice(first) + (more.length === 0 ? '' : `; and ${more.length} more`);
  }
  if (outcome.kind !== 'address-refused') return undefined;
  const address = formatIpAddress(outcome.address);
  return `${address} is ${ARTICLES[outcome.class]} address; the zone accepts "${outcome.policy}" addresses only`;
}

const ARTICLES: Record<Extract<HostOutcome, { kind: 'address-refused' }>['class'], string> = {
  global: 'a global',
  private: 'a private',
  documentation: 'a documentation',
  loopback: 'a loopback',
  'link-local': 'a link-local',
  reserved: 'a reserved',
  unspecified: 'the unspecified',
  multicast: 'a multicast',
  broadcast: 'the broadcast',
};
