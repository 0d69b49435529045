/**
 * The routers that the lines of a list name, as they are once the list is carried out: a host may be on the prefix of one
 * that stands in another line.
 * Invariant: nothing is copied of what is stored but the hosts on the prefixes in question, each once.
 */
import type { Host } from '../../../account/host.ts';
import type { StoreView } from '../../../store/store.ts';
import { parseHostname } from '../../../zone/hostname.ts';
import type { Name } from '../../../zone/name.ts';
import type { RouterView } from '../plan-derivation.ts';
import type { ListedHost } from './host-rows.ts';

/** Routers of a list and of the store. */
export class ListedRouters implements RouterView {
  readonly #view: StoreView;
  readonly #named = new Set<Name>();
  readonly #listed = new Map<Name, Host>();
  readonly #derived = new Map<Name, Name[]>();

  constructor(view: StoreView) {
    this.#view = view;
  }

  /** Notes which router a line names; for all lines, before any is planned. */
  expect({ derived }: ListedHost): void {
    const router = derived?.router === undefined ? undefined : parseHostname(derived.router);
    if (router !== undefined) this.#named.add(router);
  }

  /** Notes what a line makes of a host; for those that are on no prefix, before those that are. */
  define(host: Host): void {
    if (this.#named.has(host.name)) this.#listed.set(host.name, host);
  }

  /** Notes that a host is on the prefix of a router from here on. */
  derive(host: Name, router: Name): void {
    const names = this.#namesOn(router);
    if (!names.includes(host)) names.push(host);
  }

  host(name: Name): Host | undefined {
    return this.#listed.get(name) ?? this.#view.host(name);
  }

  derivedFrom(router: Name): readonly Name[] {
    return this.#namesOn(router);
  }

  #namesOn(router: Name): Name[] {
    const known = this.#derived.get(router) ?? [...this.#view.derivedFrom(router)];
    this.#derived.set(router, known);
    return known;
  }
}
