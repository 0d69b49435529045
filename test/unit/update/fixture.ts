/** A store with one zone, two accounts and three hosts, and the update room on top of it. */
import type { Host } from '../../../src/account/host.ts';
import type { Principal } from '../../../src/account/principal.ts';
import type { AcceptPolicy } from '../../../src/net/address-class.ts';
import { type IpAddress, parseIpAddress } from '../../../src/net/ip-address.ts';
import type { Change } from '../../../src/store/change.ts';
import { createMemoryStore } from '../../../src/store/memory.ts';
import { type PreparedCommit, type Store, StoreError } from '../../../src/store/store.ts';
import { type Committer, createCommitter } from '../../../src/update/commit.ts';
import { createUpdateService } from '../../../src/update/create-service.ts';
import type { UpdateService } from '../../../src/update/service.ts';
import { type Name, parseName } from '../../../src/zone/name.ts';

export const NOW = 1_700_000_000_000;

export function name(text: string): Name {
  return parseName(text)!;
}

export function ip(text: string): IpAddress {
  return parseIpAddress(text)!;
}

export const alice: Principal = { kind: 'account', account: 'alice', admin: false };

/** A store whose disk can be taken away and given back, and whose commits can be held up. */
export class FaultyStore implements Store {
  readonly #store: Store;
  broken = false;
  gate: Promise<void> = Promise.resolve();
  readonly commits: (readonly Change[])[] = [];

  constructor(store: Store) {
    this.#store = store;
  }

  get view(): Store['view'] {
    return this.#store.view;
  }

  get health(): Store['health'] {
    return this.broken ? { writable: false, reason: 'no space left' } : this.#store.health;
  }

  async commit(changes: readonly Change[]): Promise<void> {
    await this.gate;
    if (this.broken) throw new StoreError('unwritable', 'no space left');
    this.commits.push(changes);
    await this.#store.commit(changes);
  }

  async prepare(changes: readonly Change[]): Promise<PreparedCommit> {
    await this.gate;
    if (this.broken) throw new StoreError('unwritable', 'no space left');
    const prepared = await this.#store.prepare(changes);
    return {
      make: async (more) => {
        await this.gate;
        this.commits.push(changes.concat(more));
        return prepared.make(more);
      },
      discard: () => prepared.discard(),
    };
  }

  onCommit(listener: (changes: readonly Change[]) => void): () => void {
    return this.#store.onCommit(listener);
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

export interface Room {
  readonly store: FaultyStore;
  readonly committer: Committer;
  readonly service: UpdateService;
  readonly clock: { now: () => number; time: number };
  readonly host: (fqdn: string) => Host | undefined;
}

export async function createRoom(
  options: { accept?: AcceptPolicy; queueLimit?: number } = {},
): Promise<Room> {
  const memory = createMemoryStore();
  await memory.commit(seed(options.accept ?? 'private'));
  const store = new FaultyStore(memory);
  const clock = { time: NOW, now: () => clock.time };
  const committer = createCommitter({
    store,
    clock,
    ...(options.queueLimit === undefined ? {} : { queueLimit: options.queueLimit }),
  });
  const service = createUpdateService({ view: store.view, committer, clock });
  return { store, committer, service, clock, host: (fqdn) => store.view.host(name(fqdn)) };
}

function seed(accept: AcceptPolicy): Change[] {
  const apex = name('dyn.test');
  const soa = {
    mname: name('ns1.dyn.test'),
    rname: name('hostmaster.dyn.test'),
    refresh: 300,
    retry: 60,
    expire: 1_209_600,
    minimum: 60,
    ttl: 300,
  };
  const account = (id: string): Change => ({
    kind: 'account-put',
    account: { name: id, passwordHash: null, admin: false, createdAt: NOW },
  });
  const host = (fqdn: string, owner: string): Change => ({
    kind: 'host-put',
    host: {
      name: name(fqdn),
      zone: apex,
      account: owner,
      ttl: 60,
      ipv4: null,
      ipv6: null,
      wildcard: false,
      changedAt: null,
      blocked: false,
    },
  });
  return [
    { kind: 'zone-put', zone: { apex, soa, serial: 1, accept } },
    account('alice'),
    account('bob'),
    host('home.dyn.test', 'alice'),
    host('vpn.dyn.test', 'alice'),
    host('shop.dyn.test', 'bob'),
  ];
}
