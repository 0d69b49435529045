/**
 * What small commits changed while a large one was planned and prepared, and whether that touches what it was planned
 * on. Invariant: where it says that they do not meet, both orders of them lead to the same state and to the same plan;
 * what it does not know counts as a meeting.
 */
import { type Steps, visitInSteps } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';
import { NameMap } from './name-map.ts';
import { RRTYPE } from '../../zone/rrtype.ts';

/** The names that a large commit rests on. */
export interface PlannedNames {
  /** Hosts that it puts, and the routers on whose prefixes they are. */
  readonly hosts: NameMap<true>;
  /** Hosts of tokens that it makes: whose they are is what it rests on. */
  readonly owned: NameMap<true>;
  /** Whether it changes anything but hosts and tokens, which meets every change. */
  readonly isMore: boolean;
}

/** The names that these changes rest on. */
export function* namesOf(changes: readonly Change[]): Steps<PlannedNames> {
  const hosts = new NameMap<true>();
  const owned = new NameMap<true>();
  let isMore = false;
  yield* visitInSteps(changes, (change) => {
    if (change.kind === 'host-put') {
      hosts.add(change.host.name, true);
      if (change.host.derived !== undefined) hosts.add(change.host.derived.router, true);
    } else if (change.kind === 'token-put')
      for (const host of change.token.hosts ?? []) owned.add(host, true);
    else isMore = true;
  });
  return { hosts, owned, isMore };
}

/** What was changed since a large intent began to be planned. */
export class ChangedSince {
  /** Hosts and owners of records. */
  #names = new Set<Name>();
  /** Hosts that have another account now. */
  readonly #moved = new Set<Name>();
  #isMore = false;

  /** Notes changes that are about to be committed; `view` does not have them yet. */
  note(changes: readonly Change[], view: StoreView): void {
    for (const change of changes) {
      if (change.kind === 'host-put') {
        const { name, account } = change.host;
        this.#names.add(name);
        if (view.host(name)?.account !== account) this.#moved.add(name);
      } else if (change.kind === 'rrset-put' && change.rrset.type === RRTYPE.TXT) {
        this.#names.add(change.owner);
      } else if (change.kind === 'rrset-remove' && change.type === RRTYPE.TXT) {
        this.#names.add(change.owner);
      } else if (
        change.kind !== 'zone-put' ||
        view.zone(change.zone.apex)?.settings.soa !== change.zone.soa
      ) {
        this.#isMore = true;
      }
    }
  }

  /** Whether anything of it touches what was planned. What was looked at once is not looked at again. */
  *meets({ hosts, owned, isMore }: PlannedNames): Steps<boolean> {
    const names = this.#names;
    this.#names = new Set();
    let met = this.#isMore || (isMore && names.size > 0) || [...this.#moved].some((name) => owned.has(name));
    yield* visitInSteps(names, (name) => {
      met ||= hosts.has(name);
    });
    this.#isMore ||= met;
    return met;
  }
}
