/**
 * Hosts of large commits whose new addresses are in the state already and not yet in every DNS answer, because those are
 * published in steps.
 * Invariant: nobody is told that such a host has its address before it is served.
 */
import { type Steps, visitInSteps } from '../../ops/steps.ts';
import type { Change } from '../../store/change.ts';
import type { StoreView } from '../../store/store.ts';
import type { Name } from '../../zone/name.ts';
import { NameMap } from './name-map.ts';

interface MovingCommit {
  readonly hosts: NameMap<true>;
  readonly served: Promise<unknown>;
}

/** The hosts on their way, of a few commits at a time. */
export class MovingHosts {
  readonly #commits = new Set<MovingCommit>();
  #waiting = 0;

  get isEmpty(): boolean {
    return this.#commits.size === 0;
  }

  /** How many wait in `whenServed`. */
  get waiting(): number {
    return this.#waiting;
  }

  has(host: Name): boolean {
    for (const { hosts } of this.#commits) if (hosts.has(host)) return true;
    return false;
  }

  /** Enters hosts until `served` settles, whether their commit is visible already or will be. */
  enter(hosts: NameMap<true>, served: Promise<unknown>): void {
    const commit = { hosts, served };
    const end = (): void => void this.#commits.delete(commit);
    this.#commits.add(commit);
    served.then(end, end);
  }

  /** Calls `tell` when all of these hosts are served as they are now, or never will be: at once where that is so. */
  whenServed(hosts: readonly Name[], tell: () => void): void {
    const commits = [...this.#commits].filter((commit) => hosts.some((host) => commit.hosts.has(host)));
    if (commits.length === 0) {
      tell();
      return;
    }
    this.#waiting++;
    // A failure is told to whoever submitted the commit.
    void Promise.allSettled(commits.map(({ served }) => served)).then(() => {
      this.#waiting--;
      tell();
    });
  }
}

/** The hosts that are there and get another address by these changes; `view` does not have them yet. */
export function* movedHosts(view: StoreView, changes: readonly Change[]): Steps<NameMap<true>> {
  const moved = new NameMap<true>();
  yield* visitInSteps(changes, (change) => {
    if (change.kind !== 'host-put') return;
    const { name, ipv4, ipv6 } = change.host;
    const before = view.host(name);
    // What does not exist is left to the lane that reads the state, until all of the commit is published.
    if (before !== undefined && (before.ipv4 !== ipv4 || before.ipv6 !== ipv6)) moved.add(name, true);
  });
  return moved;
}
