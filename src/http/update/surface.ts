/**
 * The update surface: which dialect answers a request, where several share a path, and which are switched off.
 *
 * Invariants: a request is one dialect's, decided by path, method, headers and the names of parameters alone, before
 * anything is read or proved; what a dialect that is switched off would have answered falls to DynDNS2 where that
 * shares the path, and is not found otherwise.
 */
import type { TokenDirectory } from '../../account/resolve-token.ts';
import type { Exchange } from '../exchange.ts';
import { type HealthCheck, resolveHealth } from '../health.ts';
import { type Reply, plainReply } from '../reply.ts';
import { GNUDIP_PATHS } from '../request-target.ts';
import {
  type Attempt,
  type Dialect,
  type DialectHandler,
  type DialectName,
  type DialectOptions,
  createDialectHandler,
} from './dialect.ts';
import { createAcmeDns, isAcmeDns } from './dialects/acme-dns.ts';
import { type RegistrationPolicy, createRegistration } from './registration/acme-dns-register.ts';
import { createDuckdns, isDuckdns, isDuckdnsPath } from './dialects/duckdns.ts';
import { createDyndns1, isDyndns1 } from './dialects/dyndns1.ts';
import { createDynv6, isDynv6 } from './dialects/dynv6.ts';
import { createFreedns } from './dialects/freedns.ts';
import { createGnudip } from './dialects/gnudip.ts';
import { createHttpreq } from './dialects/httpreq.ts';
import { createPlain } from './dialects/plain.ts';
import { createDyndns2 } from './dyndns2.ts';
import { Refusals } from './refusals.ts';

/** Every dialect, all of which are served unless the settings name fewer. */
export const DIALECTS: readonly DialectName[] = [
  'dyndns2',
  'dyndns1',
  'duckdns',
  'dynv6',
  'freedns',
  'plain',
  'acme-dns',
  'httpreq',
  'gnudip',
];

/** What the surface works with. */
export interface UpdateSurfaceOptions extends Omit<DialectOptions, 'refusals'> {
  readonly health: HealthCheck;
  /** What is answered where no dialect takes a request. */
  readonly notFound: (exchange: Exchange) => Reply;
  /** Default: all. */
  readonly dialects?: readonly DialectName[];
  /** Where the tokens of GnuDIP are; without it that dialect is off. */
  readonly tokens?: TokenDirectory;
  /** Without it nobody can register. */
  readonly registration?: RegistrationPolicy;
}

/** The handlers of update requests. */
export interface UpdateSurface {
  /** Of the paths that DynDNS2 has (D-1.1), which other dialects share. */
  readonly update: DialectHandler;
  /** Of all other paths, as hono writes them. */
  readonly routes: ReadonlyMap<string, DialectHandler>;
}

const SLASHED_TOKEN = /^\/u\/[^/?]+\/(?:\?|$)/;
const BARE_TOKEN = /^\/u\/[^/?]+(?:\?|$)/;

/** Creates the handlers of the dialects that are on. */
export function createUpdateSurface(options: UpdateSurfaceOptions): UpdateSurface {
  const { service, clock, dialects = DIALECTS, notFound } = options;
  const shared = { ...options, refusals: new Refusals() };
  const missing: DialectHandler = (exchange) => notFound(exchange);
  const handler = <A extends Attempt>(dialect: Dialect<A>): DialectHandler | undefined =>
    dialects.includes(dialect.name) ? createDialectHandler(dialect, shared) : undefined;

  const dyndns2 = handler(createDyndns2(service)) ?? missing;
  const dyndns1 = handler(createDyndns1(service));
  const duckdns = handler(createDuckdns(service));
  const dynv6 = handler(createDynv6(service));
  const freedns = handler(createFreedns(service));
  const plain = handler(createPlain(service));
  const acmeDns = handler(createAcmeDns(service));
  const httpreq = handler(createHttpreq(service));

  const update: DialectHandler = (exchange) => {
    switch (exchange.route) {
      case '/update':
        if (acmeDns !== undefined && isAcmeDns(exchange)) return acmeDns(exchange);
        return duckdns !== undefined && isDuckdns(exchange) ? duckdns(exchange) : dyndns2(exchange);
      case '/api/update':
        return dynv6 !== undefined && isDynv6(exchange) ? dynv6(exchange) : dyndns2(exchange);
      case '/nic/dyndns':
        return dyndns1 !== undefined && isDyndns1(exchange) ? dyndns1(exchange) : dyndns2(exchange);
      default:
        return dyndns2(exchange);
    }
  };
  const routes = new Map<string, DialectHandler>([
    ['/update/*', (exchange) => (isDuckdnsPath(exchange) ? (duckdns ?? missing) : missing)(exchange)],
    ['/dynamic/update.php', freedns ?? missing],
    ['/u/*', (exchange) => (tokenHandler(exchange, { freedns, plain }) ?? missing)(exchange)],
    ['/present', httpreq ?? missing],
    ['/cleanup', httpreq ?? missing],
  ]);
  if (acmeDns !== undefined) {
    routes.set('/register', createRegistration(options, options.registration));
    routes.set('/health', () => replyAcmeHealth(options.health));
  }
  if (options.tokens !== undefined && dialects.includes('gnudip')) {
    const gnudip = createGnudip({ service, clock, tokens: options.tokens });
    const second = createDialectHandler(gnudip.dialect, shared);
    const both: DialectHandler = (exchange) =>
      gnudip.asksForSalt(exchange) ? gnudip.replySalt(exchange) : second(exchange);
    for (const path of GNUDIP_PATHS) routes.set(path, both);
  }
  return { update, routes };
}

/** FreeDNS writes a slash behind the token; without it the URL is a plain one. */
function tokenHandler(
  { route }: Exchange,
  { freedns, plain }: Readonly<Record<'freedns' | 'plain', DialectHandler | undefined>>,
): DialectHandler | undefined {
  if (SLASHED_TOKEN.test(route)) return freedns ?? plain;
  return BARE_TOKEN.test(route) ? plain : undefined;
}

/** acme-dns says only whether it is well, by the status. */
async function replyAcmeHealth(check: HealthCheck): Promise<Reply> {
  const { healthy } = await resolveHealth(check);
  return plainReply('', healthy ? 200 : 503);
}
