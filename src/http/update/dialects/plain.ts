/**
 * The plain dialect (docs/protocol/dialects/plain.md): `GET /u/TOKEN` gives the hosts of the token the address that the request
 * came from. For whatever can fetch a URL and do no more.
 * Invariant: as in FreeDNS's, the hosts are those that the token is limited to. The reply is DynDNS2's.
 */
import type { UpdateService } from '../../../update/service.ts';
import { type Dialect } from '../dialect.ts';
import { formatDyndns2 } from '../dyndns2.ts';
import { type TokenUrlAttempt, createFreedns } from './freedns.ts';

/** The plain dialect over a service. */
export function createPlain(service: UpdateService): Dialect<TokenUrlAttempt> {
  return { ...createFreedns(service), name: 'plain', format: (result) => formatDyndns2(result, []) };
}
