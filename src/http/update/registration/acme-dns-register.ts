/**
 * `POST /register` of acme-dns (docs/protocol/dialects/acme-dns.md): makes a host for TXT values, and the credentials for it.
 *
 * Invariants: off unless the settings say for whom, below which name and from which networks; status 201 only for what
 * is durable; no network can fill a zone; each attempt is one line in the log, without the credentials.
 */
import { randomUUID } from 'node:crypto';
import { createTokenSecret } from '../../../account/token.ts';
import { type IpPrefix, prefixContains } from '../../../net/ip-prefix.ts';
import type { OutcomeKind } from '../../../update/outcome.ts';
import type { UpdateService } from '../../../update/service.ts';
import type { BucketPolicy } from '../../../update/token-buckets.ts';
import { parseHostname } from '../../../zone/hostname.ts';
import { type Name, formatHostname } from '../../../zone/name.ts';
import type { Exchange } from '../../exchange.ts';
import { type Reply, plainReply } from '../../reply.ts';
import type { DialectHandler, DialectOptions } from '../dialect.ts';
import { resultHeaders } from '../dialect.ts';
import { parseFields } from '../dialects/json-body.ts';
import { jsonText } from '../dialects/acme-dns.ts';
import { createRegistrationQuota } from './registration-quota.ts';

/** For whom, where and for whom not registrations are made. */
export interface RegistrationPolicy {
  /** The account that owns what is made. */
  readonly account: string;
  /** The name below which hosts are made: a zone, or a name in one. */
  readonly below: Name;
  /** The networks from which one may register. */
  readonly from: readonly IpPrefix[];
  /** How many one network may register at once, and in what time one more; a burst of 0: as many as it likes. */
  readonly quota: BucketPolicy;
  /** The stored form of a token's secret. */
  readonly digest: (secret: string) => string;
}

/** What came of one attempt: for the log, and for the client. */
interface Registered {
  readonly outcome: OutcomeKind;
  readonly host?: string;
  readonly reply: Reply;
}

const FORBIDDEN: Registered = { outcome: 'not-permitted', reply: jsonText('{"error": "forbidden"}', 401) };
const DB_ERROR = '{"error": "db_error"}';

/** The handler of `POST /register`; without a policy it refuses everybody. It never rejects. */
export function createRegistration(
  { service, log, clock }: Pick<DialectOptions, 'service' | 'log' | 'clock'>,
  policy: RegistrationPolicy | undefined,
): DialectHandler {
  const quota = policy === undefined ? undefined : createRegistrationQuota(policy.quota);

  async function register(exchange: Exchange): Promise<Registered> {
    const body = await exchange.readBody();
    if (policy?.from.some((prefix) => prefixContains(prefix, exchange.source)) !== true) return FORBIDDEN;
    const problem = body.kind === 'whole' ? problemOf(body.bytes.toString('utf8')) : 'malformed_json_payload';
    if (problem !== undefined)
      return { outcome: 'bad-request', reply: jsonText(`{"error": "${problem}"}`, 400) };
    const seconds = quota?.take(exchange.source) ?? 0;
    if (seconds > 0) return tooMany(seconds);
    const registered = await makeHost(service, policy);
    if (registered.outcome !== 'changed') quota?.giveBack(exchange.source);
    return registered;
  }

  async function answer(exchange: Exchange): Promise<Reply> {
    const startedAt = clock.now();
    const { outcome, host, reply } = await register(exchange);
    log.update(reply.status >= 500 ? 'warn' : 'info', {
      requestId: exchange.requestId,
      dialect: 'acme-dns',
      hostnames: host === undefined ? [] : [host],
      outcomes: [outcome],
      account: reply.status === 201 ? policy?.account : undefined,
      source: exchange.source,
      agent: exchange.headers['user-agent']?.slice(0, LONGEST_AGENT),
      durationMs: clock.now() - startedAt,
    });
    return reply;
  }

  return (exchange) => {
    if (exchange.method !== 'POST') return plainReply('Send this with POST.\n', 405, { Allow: 'POST' });
    // Caught once for this surface, as for all dialects.
    return answer(exchange).catch((error: unknown) => {
      log.error({ requestId: exchange.requestId, err: error }, 'registration failed');
      return jsonText(DB_ERROR, 500);
    });
  };
}

function tooMany(retryAfterSeconds: number): Registered {
  const headers = resultHeaders({ kind: 'overloaded', retryAfterSeconds });
  return { outcome: 'over-budget', reply: jsonText('{"error": "too_many_registrations"}', 503, headers) };
}

async function makeHost(
  service: UpdateService,
  { account, below, digest }: RegistrationPolicy,
): Promise<Registered> {
  const [subdomain, username, password] = [randomUUID(), randomUUID(), createTokenSecret()];
  const fulldomain = `${subdomain}.${formatHostname(below)}`;
  const name = parseHostname(fulldomain);
  const result =
    name === undefined
      ? ({ kind: 'misconfigured', missing: 'zone' } as const)
      : await service.register({ account, name, tokenId: username, digest: digest(password) });
  switch (result.kind) {
    case 'registered': {
      const made = { username, password, fulldomain, subdomain, allowfrom: [] };
      return { outcome: 'changed', host: fulldomain, reply: jsonText(JSON.stringify(made), 201) };
    }
    case 'misconfigured':
      return { outcome: 'no-such-host', host: fulldomain, reply: jsonText(DB_ERROR, 500) };
    case 'overloaded':
    case 'unavailable':
      return { outcome: result.kind, reply: jsonText(DB_ERROR, 503, resultHeaders(result)) };
  }
}

const LONGEST_AGENT = 200;

/** What is wrong with the body of a registration; a list of networks is refused rather than not kept. */
function problemOf(body: string): string | undefined {
  if (body.trim() === '') return undefined;
  const fields = parseFields(body);
  if (fields === undefined) return 'malformed_json_payload';
  const allowfrom = fields.get('allowfrom');
  const isOpen =
    allowfrom === undefined || allowfrom === null || (Array.isArray(allowfrom) && allowfrom.length === 0);
  return isOpen ? undefined : 'invalid_allowfrom_cidr';
}
