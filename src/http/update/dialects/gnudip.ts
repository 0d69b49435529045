/**
 * GnuDIP over HTTP (docs/protocol/dialects/gnudip.md): a first request is given a salt, a second one proves the secret with it
 * (account/resolve-token), so that the secret never crosses the wire. Replies are pages whose `meta` elements count.
 *
 * Invariants: a salt is good for one update, for LIFETIME_MS, from the address that asked for it, because what else is
 * in the second request is not covered by the proof and could be sent again by whoever listens; no state is kept for
 * salts that were only given out.
 */
import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import { type TokenDirectory, resolveGnudip } from '../../../account/resolve-token.ts';
import { type IpAddress, formatIpAddress } from '../../../net/ip-address.ts';
import type { Clock } from '../../../ops/clock.ts';
import type { UpdateService } from '../../../update/service.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import { type Attempt, type Dialect, type Result, overallKind, resultHeaders } from '../dialect.ts';
import { applyAddresses } from '../dyndns2.ts';
import { type Parameters, parseParameters } from '../query.ts';
import { RETURN_CODES } from '../return-code.ts';
import { CLEAR_BOTH, intentsOf, parseStrictAddress } from './strict-address.ts';
import { completeHostname, hostsOfToken } from './token-hosts.ts';

/** What the dialect works with. */
export interface GnudipOptions {
  readonly service: UpdateService;
  readonly tokens: TokenDirectory;
  readonly clock: Clock;
}

interface GnudipAttempt extends Attempt {
  readonly parameters: Parameters;
  readonly source: IpAddress;
}

/** The dialect's update, and the reply to the request before it. */
export interface Gnudip {
  readonly dialect: Dialect<GnudipAttempt>;
  /** Whether a request asks for a salt: it says nothing. */
  asksForSalt(exchange: Exchange): boolean;
  replySalt(exchange: Exchange): Reply;
}

/** How long a salt is good, in milliseconds; clients send the second request at once. */
const LIFETIME_MS = 60_000;
/** How many used salts are kept in mind; more updates in a minute would let the oldest of them be used again. */
const MAX_USED = 100_000;
/** Ten characters: clients have buffers of that size. */
const SALT_LENGTH = 10;
const SALT_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Creates the dialect with a signing key of its own. */
export function createGnudip({ service, tokens, clock }: GnudipOptions): Gnudip {
  const key = randomBytes(32);
  const used = new Map<string, number>();

  function sign(salt: string, time: string, source: IpAddress): string {
    const text = `${salt} ${time} ${formatIpAddress(source)}`;
    return createHmac('sha256', key).update(text, 'latin1').digest('hex').slice(0, 32);
  }

  function isFresh({ parameters, source }: GnudipAttempt): boolean {
    const [salt = '', time = '', signature = ''] = ['salt', 'time', 'sign'].map((name) =>
      parameters.get(name),
    );
    const given = Buffer.from(signature);
    const expected = Buffer.from(sign(salt, time, source));
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return false;
    return clock.now() - Number(time) * 1000 <= LIFETIME_MS && !used.has(salt);
  }

  function use(salt: string): void {
    const now = clock.now();
    for (const [other, until] of used) {
      if (until > now && used.size < MAX_USED) break;
      used.delete(other);
    }
    used.set(salt, now + LIFETIME_MS + 1000);
  }

  return {
    asksForSalt: ({ query }) => query === '',
    replySalt: ({ source }) => {
      const salt = createSalt();
      const time = String(Math.floor(clock.now() / 1000));
      return page({ salt, time, sign: sign(salt, time, source) }, 'Salt generated');
    },
    dialect: {
      name: 'gnudip',
      body: 'form',
      parse: parseGnudip,
      authenticate(attempt) {
        if (!isFresh(attempt)) return { kind: 'bad-credentials' };
        const value = (name: string): string => attempt.parameters.get(name) ?? '';
        const authentication = resolveGnudip(tokens, {
          id: value('user'),
          salt: value('salt'),
          proof: value('pass'),
        });
        if (authentication.kind === 'authenticated') use(value('salt'));
        return authentication;
      },
      // Without a domain the token's own hosts are meant, as its user name means one in GnuDIP.
      resolveHosts: ({ hosts }, principal) =>
        hosts.length === 0 ? hostsOfToken(principal) : hosts.map((host) => completeHostname(host, principal)),
      apply: ({ attempt, principal, hosts }) => {
        const update = readUpdate(attempt);
        return update === undefined
          ? { kind: 'bad-request', reason: 'reqc or addr' }
          : applyAddresses(service, principal, { hosts, update });
      },
      format: formatGnudip,
    },
  };
}

function parseGnudip({ query, source }: Exchange, form: string): GnudipAttempt {
  const parameters = parseParameters(query, form);
  const domain = (parameters.get('domn') ?? '').trim();
  return { credentials: undefined, inUrl: false, hosts: domain === '' ? [] : [domain], parameters, source };
}

/** 0: the address given; 1: offline; 2: the source address. Undefined for anything else. */
function readUpdate({ parameters, source }: GnudipAttempt): ReturnType<typeof intentsOf> | undefined {
  switch (parameters.get('reqc') ?? '0') {
    case '0': {
      const address = parseStrictAddress(parameters.get('addr') ?? '');
      return address === 'absent' || address === 'invalid' ? undefined : intentsOf([address]);
    }
    case '1':
      return CLEAR_BOTH;
    case '2':
      return intentsOf([source]);
    default:
      return undefined;
  }
}

function formatGnudip(result: Result, attempt: GnudipAttempt | undefined): Reply {
  const kind = overallKind(result);
  if (kind !== 'changed' && kind !== 'unchanged') {
    const { code, status } = RETURN_CODES[kind];
    return page({ retc: '1' }, `Error: ${code}`, { status, result });
  }
  switch (attempt?.parameters.get('reqc')) {
    case '1':
      return page({ retc: '2' }, 'Successful offline request');
    case '2':
      return page({ retc: '0', addr: formatIpAddress(attempt.source) }, 'Successful update request');
    default:
      return page({ retc: '0' }, 'Successful update request');
  }
}

function page(
  meta: Readonly<Record<string, string>>,
  text: string,
  { status = 200, result }: { status?: number; result?: Result } = {},
): Reply {
  const elements = Object.entries(meta).map(
    ([name, content]) => `<meta name="${name}" content="${content}">\n`,
  );
  const head = `<html>\n<head>\n<title>GnuDIP Update Server</title>\n${elements.join('')}</head>\n`;
  return plainReply(`${head}<body>\n${text}\n</body>\n</html>\n`, status, {
    ...(result === undefined ? {} : resultHeaders(result)),
    'Content-Type': 'text/html; charset=utf-8',
  });
}

function createSalt(): string {
  return Array.from({ length: SALT_LENGTH }, () => SALT_LETTERS[randomInt(SALT_LETTERS.length)]!).join('');
}
