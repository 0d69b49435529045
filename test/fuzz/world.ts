/** The zone that is fuzzed, in a store: static records of all kinds, and hosts whose answers the fast lane makes. */
import { createMemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { exampleZone } from '../dns/zones.ts';
import { ACCOUNT, hostPut } from '../unit/dns/fast/world.ts';

const APEX = 'example.test';

/** A store with the example zone and two hosts, `host` and `six`. */
export async function createFuzzedStore(): Promise<Store> {
  const store = createMemoryStore();
  const zone = exampleZone();
  const { apex } = zone;
  await store.commit([
    ACCOUNT,
    { kind: 'zone-put', zone: zone.settings },
    ...Array.from(
      zone.staticRRsets(),
      ([owner, rrset]) => ({ kind: 'rrset-put', apex, owner, rrset }) as const,
    ),
    hostPut(`host.${APEX}`, APEX, { ipv4: '192.0.2.20', ipv6: '2001:db8::20' }),
    hostPut(`six.${APEX}`, APEX, { ipv6: '2001:db8::6' }),
  ]);
  return store;
}
