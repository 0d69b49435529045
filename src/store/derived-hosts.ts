/**
 * Which hosts take their IPv6 address from which router's prefix: the index behind `StoreView.derivedFrom`.
 * Invariant: it knows every such host that is served. It may be ahead of what is served while a large commit is being
 * applied, so whoever reads it looks at the host itself.
 */
import type { Name } from '../zone/name.ts';

/** The index. Hosts that are not derived are not in it. */
export class DerivedHosts {
  readonly #routerOf = new Map<Name, Name>();
  readonly #hostsOf = new Map<Name, Set<Name>>();

  /** Whether there is none. */
  get isEmpty(): boolean {
    return this.#routerOf.size === 0;
  }

  /** Whether a host is noted for a router. */
  has(host: Name): boolean {
    return this.#routerOf.has(host);
  }

  /** Notes where a host's address comes from from here on: a router, or, with undefined, no other host. */
  note(host: Name, router: Name | undefined): void {
    // A million ordinary hosts are noted at the start, where nothing but this comparison is spent on them.
    if (router === undefined && this.isEmpty) return;
    const before = this.#routerOf.get(host);
    if (before === router) return;
    if (before !== undefined) {
      const hosts = this.#hostsOf.get(before);
      hosts?.delete(host);
      if (hosts?.size === 0) this.#hostsOf.delete(before);
      this.#routerOf.delete(host);
    }
    if (router === undefined) return;
    this.#routerOf.set(host, router);
    const hosts = this.#hostsOf.get(router);
    if (hosts === undefined) this.#hostsOf.set(router, new Set([host]));
    else hosts.add(host);
  }

  /** The hosts noted for a router; undefined where there are none. */
  of(router: Name): ReadonlySet<Name> | undefined {
    return this.#hostsOf.get(router);
  }

  /** Every derived host. */
  names(): IterableIterator<Name> {
    return this.#routerOf.keys();
  }
}
