/**
 * A token for each host of a list, for that host alone, in one change.
 * Invariant: a secret is in the result only; what is stored is its digest. A list that cannot be carried out as a whole
 * makes no token.
 */
import { createTokenDigester, createTokenId, createTokenSecret } from '../../../account/token.ts';
import { type Steps, visitInSteps } from '../../../ops/steps.ts';
import type { Change } from '../../../store/change.ts';
import type { StoreView } from '../../../store/store.ts';
import { formatHostname } from '../../../zone/name.ts';
import { NameMap } from '../../writing/name-map.ts';
import type { Plan } from '../../commit.ts';
import type { AdminFailure, AdminResult, HostTokens, OnProgress } from '../command.ts';
import { type ListedHost, refuseLine } from './host-rows.ts';

/** How to make the tokens. */
export interface HostTokenOptions {
  readonly label: string;
  readonly skipExisting: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly onProgress?: OnProgress | undefined;
}

const REPORT_EVERY = 10_000;

/** Makes a token for each listed host. */
export function* planHostTokens(
  view: StoreView,
  listed: readonly ListedHost[],
  { label, skipExisting, now, onProgress }: HostTokenOptions,
): Steps<Plan<AdminResult<'token-add-for-hosts'>>> {
  const digestOf = createTokenDigester(view.tokenKey);
  const provided = yield* hostsWithTheirToken(view);
  const changes: Change[] = [];
  const tokens: HostTokens['tokens'][number][] = [];
  let skipped = 0;
  let failure: AdminFailure | undefined;
  yield* visitInSteps(listed, (line) => {
    if (failure !== undefined) return;
    const host = view.host(line.name);
    if (host === undefined) {
      const reason = `no host ${formatHostname(line.name)}: see "homing host list"`;
      failure = refuseLine(line, 'fqdn', 'not-found', reason);
    } else if (provided.has(host.name)) {
      skipped++;
      if (skipExisting) return;
      const reason = `host ${formatHostname(line.name)} has a token of its own already: --skip-existing leaves such hosts out`;
      failure = refuseLine(line, 'fqdn', 'exists', reason);
    } else {
      const secret = createTokenSecret();
      const id = createTokenId();
      const digest = digestOf(secret);
      const token = { id, account: host.account, hosts: [host.name], label, digest, createdAt: now };
      changes.push({ kind: 'token-put', token });
      tokens.push({ fqdn: formatHostname(host.name), id, secret });
      if (tokens.length % REPORT_EVERY === 0)
        onProgress?.({ stage: 'planning', done: tokens.length, total: listed.length });
    }
  });
  if (failure !== undefined) return { changes: [], result: failure };
  onProgress?.({ stage: 'storing', done: 0, total: changes.length });
  return { changes, result: { ok: true, value: { tokens, skipped } } };
}

/** The hosts for which there is a token that is for nothing else. */
function* hostsWithTheirToken(view: StoreView): Steps<NameMap<true>> {
  const hosts = new NameMap<true>();
  // Not read into a list: each token is made when it is its turn, and a plan sees one state to its end.
  yield* visitInSteps(view.tokens(), (token) => {
    if (token.hosts?.length === 1) hosts.add(token.hosts[0]!, true);
  });
  return hosts;
}
