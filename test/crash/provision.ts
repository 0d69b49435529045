/** The zones, the account, the hosts and the token of a crash test. */
import { administer } from '../interop/administer.ts';
import { startHoming } from '../interop/homing-process.ts';
import { type Fleet, provisionFleet } from './fleet.ts';
import { type Ledger, ZONES } from './ledger.ts';

/** The owner of all hosts. */
export const ACCOUNT = 'devices';

/** Fills an empty data directory with what the ledgers need; gives the token of the devices. */
export async function provision(
  dataDirectory: string,
  ledgers: readonly Ledger[],
  fleet?: Fleet,
): Promise<string> {
  const server = await startHoming(dataDirectory);
  try {
    if (fleet !== undefined) await provisionFleet(dataDirectory, fleet);
    return await administer(dataDirectory, async (carryOut) => {
      for (const apex of ZONES) {
        const zone = { kind: 'zone-add', apex, nameServers: [], addresses: [], accept: 'private' } as const;
        await carryOut<'zone-add'>(zone);
      }
      await carryOut<'account-add'>({ kind: 'account-add', name: ACCOUNT, admin: false, password: null });
      for (const fqdn of ledgers.flatMap((ledger) => ledger.hosts))
        await carryOut<'host-add'>({ kind: 'host-add', fqdn, account: ACCOUNT, ttl: 60, wildcard: false });
      const token = { kind: 'token-add', account: ACCOUNT, label: 'crash' } as const;
      return (await carryOut<'token-add'>({ ...token, hosts: [] })).secret;
    });
  } finally {
    await server.end('SIGTERM');
  }
}
