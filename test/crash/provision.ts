/** The zones, the account, the hosts and the token of a crash test, made through the command line's own doors. */
import { connectControl, remoteAdministrator } from '../../src/cli/control/client.ts';
import type { AdminCommand, AdminResults } from '../../src/update/admin/command.ts';
import { homing, startHoming } from '../interop/homing-process.ts';
import { type Ledger, ZONES } from './ledger.ts';

/** The owner of all hosts. */
export const ACCOUNT = 'devices';

/** Fills an empty data directory with what the ledgers need; gives the token of all hosts. */
export async function provision(dataDirectory: string, ledgers: readonly Ledger[]): Promise<string> {
  for (const zone of ZONES) await homing(['zone', 'add', zone, '--data', dataDirectory]);
  const server = await startHoming(dataDirectory);
  try {
    const client = await connectControl(dataDirectory);
    if (client === undefined) throw new Error('the server has no control socket');
    const administrator = remoteAdministrator(client);
    const carryOut = async <K extends AdminCommand['kind']>(
      command: Extract<AdminCommand, { kind: K }>,
    ): Promise<AdminResults[K]> => {
      const result = await administrator.execute<K>(command);
      if (!result.ok) throw new Error(`${command.kind}: ${result.message}`);
      return result.value;
    };
    await carryOut({ kind: 'account-add', name: ACCOUNT, admin: false, password: null });
    for (const fqdn of ledgers.flatMap((ledger) => ledger.hosts))
      await carryOut({ kind: 'host-add', fqdn, account: ACCOUNT, ttl: 60, wildcard: false });
    const token = await carryOut<'token-add'>({
      kind: 'token-add',
      account: ACCOUNT,
      hosts: [],
      label: 'crash',
    });
    client.close();
    return token.secret;
  } finally {
    await server.end('SIGTERM');
  }
}
