/**
 * What the world sees of a server: its DNS answers, asked by c-ares, a resolver that shares no code with Homing.
 * Invariant: what is found to be lost, torn or gone backwards is thrown, with the names and numbers.
 */
import { Resolver } from 'node:dns/promises';
import { isLaterSerial } from '../../src/zone/serial.ts';
import { type Ledger, ZONES, addressesOf, updateOf } from './ledger.ts';

/** The highest serial of each zone that anybody was told. */
export type Serials = Map<string, number>;

/** A resolver that asks the server on this port. */
export function createResolver(dnsPort: number): Resolver {
  const resolver = new Resolver({ timeout: 1000, tries: 4 });
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  return resolver;
}

/**
 * Checks every host of every device: nothing acknowledged is lost, nothing is there that was never sent, and the
 * addresses of one update are there together. Gives the number of updates that are there without an acknowledgement.
 */
export async function checkHosts(resolver: Resolver, ledgers: readonly Ledger[]): Promise<number> {
  const kept = await Promise.all(
    ledgers.map(async (ledger) => {
      const seen = await Promise.all(ledger.hosts.map((host) => addressesSeen(resolver, host)));
      const [{ ipv4 }] = seen as [Seen];
      const n = updateOf(ipv4);
      const where = `${ledger.hosts.join(', ')}: acknowledged ${ledger.acknowledged}, sent ${ledger.attempted}, found`;
      if (n < ledger.acknowledged || n > ledger.attempted) throw new Error(`${where} ${n}`);
      const expected: Seen = n === 0 ? { ipv4: undefined, ipv6: undefined } : addressesOf(n);
      if (seen.some((found) => found.ipv4 !== expected.ipv4 || found.ipv6 !== expected.ipv6))
        throw new Error(`${where} parts of several updates: ${JSON.stringify(seen)}`);
      const unacknowledged = n > ledger.acknowledged ? 1 : 0;
      ledger.acknowledged = n;
      return unacknowledged;
    }),
  );
  return kept.reduce<number>((sum, count) => sum + count, 0);
}

/** Checks that no zone's serial is behind what was seen before, and notes the new ones. */
export async function checkSerials(resolver: Resolver, serials: Serials): Promise<void> {
  for (const zone of ZONES) {
    const { serial } = await resolver.resolveSoa(zone);
    const before = serials.get(zone);
    if (before !== undefined && isLaterSerial(before, serial))
      throw new Error(`the serial of ${zone} went back from ${before} to ${serial}`);
    serials.set(zone, serial);
  }
}

/** Watches the serials until `stop`, which rejects if one went back. */
export function watchSerials(resolver: Resolver, serials: Serials): { stop(): Promise<void> } {
  const ending = new AbortController();
  const stopped = (): boolean => ending.signal.aborted;
  const watching = (async (): Promise<void> => {
    while (!stopped()) {
      try {
        await checkSerials(resolver, serials);
      } catch (error) {
        // The server was killed while the question was under way; a serial that went back is no DNS error.
        if (stopped() && isDnsError(error)) return;
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  // Looked at by `stop`; until then a failure must not end the process.
  watching.catch(() => undefined);
  return {
    stop: () => {
      ending.abort();
      resolver.cancel();
      return watching;
    },
  };
}

interface Seen {
  readonly ipv4: string | undefined;
  readonly ipv6: string | undefined;
}

async function addressesSeen(resolver: Resolver, host: string): Promise<Seen> {
  const one = async (question: Promise<string[]>): Promise<string | undefined> => {
    const addresses = await question.catch((error: unknown) => {
      if (isDnsError(error) && error.code === 'ENODATA') return [];
      throw error;
    });
    if (addresses.length > 1) throw new Error(`${host} has ${addresses.join(' and ')}`);
    return addresses[0];
  };
  const [ipv4, ipv6] = await Promise.all([one(resolver.resolve4(host)), one(resolver.resolve6(host))]);
  return { ipv4, ipv6 };
}

function isDnsError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
