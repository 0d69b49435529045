/** Whether an update has arrived in DNS. Invariant: at most five questions to each server, within 30 s. */
import { Resolver } from 'node:dns/promises';
import { FAMILIES, type Family } from '../config/agent-config.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import type { Addresses } from '../schedule/host-record.ts';

/** Waits before each question, in milliseconds: most servers have it at once. */
const WAITS_MS = [0, 1000, 3000, 6000, 10_000];
const QUESTION_MS = 2000;

/** What the name servers say. */
export type Verification = 'there' | 'missing' | 'unknown';

/**
 * Asks `authorities` for the host until all that answer have the addresses. `unknown` where there are none, none
 * answers, or `signal` fires.
 */
export async function verifyHost(
  question: { readonly host: string; readonly sent: Addresses; readonly authorities: readonly string[] },
  options: { readonly wait: (ms: number) => Promise<void>; readonly signal: AbortSignal },
): Promise<Verification> {
  if (question.authorities.length === 0) return 'unknown';
  let last: Verification = 'unknown';
  for (const ms of WAITS_MS) {
    await options.wait(ms);
    if (options.signal.aborted) return 'unknown';
    const answers = await Promise.all(
      question.authorities.map((server) => askServer(server, question.host, question.sent)),
    );
    const known = answers.filter((answer) => answer !== 'unknown');
    last = known.length === 0 ? 'unknown' : known.includes('missing') ? 'missing' : 'there';
    if (last === 'there') return last;
  }
  return last;
}

async function askServer(server: string, host: string, sent: Addresses): Promise<Verification> {
  const resolver = new Resolver({ timeout: QUESTION_MS, tries: 1 });
  resolver.setServers([server]);
  const answers = await Promise.all(
    FAMILIES.filter((family) => sent[family] !== undefined).map((family) =>
      askFamily(resolver, host, { family, address: sent[family]! }),
    ),
  );
  if (answers.includes('missing')) return 'missing';
  return answers.includes('unknown') ? 'unknown' : 'there';
}

async function askFamily(
  resolver: Resolver,
  host: string,
  { family, address }: { readonly family: Family; readonly address: string },
): Promise<Verification> {
  try {
    const found = await (family === 'ipv4' ? resolver.resolve4(host) : resolver.resolve6(host));
    return found.some((text) => parseIpAddress(text) === parseIpAddress(address)) ? 'there' : 'missing';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOTFOUND' || code === 'ENODATA' ? 'missing' : 'unknown';
  }
}
