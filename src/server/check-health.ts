/**
 * The health of the whole: whether each listener answers and the store takes writes.
 * Invariant: listeners are asked over their sockets, as a client would; nothing is taken from what they say of themselves.
 */
import { type ListenAddress, loopbackFor } from '../config/listen-address.ts';
import type { Health } from '../http/health.ts';
import { PASS, checkTcp, checkUdpDns } from '../ops/self-check.ts';
import type { Store } from '../store/store.ts';

/** Asks every listener as a client would, and the store whether it takes writes. */
export async function checkHealth(
  store: Store,
  { http, dns }: { http: readonly ListenAddress[]; dns: readonly ListenAddress[] },
): Promise<Health> {
  const dnsAt = dns.map(loopbackFor);
  const [overUdp, overTcp, overHttp] = await Promise.all(
    [dnsAt.map(checkUdpDns), dnsAt.map(checkTcp), http.map(loopbackFor).map(checkTcp)].map(firstFailure),
  );
  const storeHealth = store.health;
  const checks = {
    http: overHttp!,
    dns: overUdp === PASS ? overTcp! : overUdp!,
    store: storeHealth.writable ? PASS : storeHealth.reason,
  };
  return { healthy: Object.values(checks).every((result) => result === PASS), checks };
}

async function firstFailure(checks: readonly Promise<string>[]): Promise<string> {
  const results = await Promise.all(checks);
  if (results.length === 0) return 'does not listen';
  return results.find((result) => result !== PASS) ?? PASS;
}
