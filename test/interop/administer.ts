/** Administrative commands to a running server through its control socket, as the command line sends them. */
import { connectControl, remoteAdministrator } from '../../src/cli/control/client.ts';
import type { AdminCommand, AdminResults } from '../../src/update/admin/command.ts';

/** Carries out one command; throws where it is refused. */
export type CarryOut = <K extends AdminCommand['kind']>(
  command: Extract<AdminCommand, { kind: K }>,
) => Promise<AdminResults[K]>;

/** Connects to the server on a data directory for the time of `use`. */
export async function administer<T>(
  dataDirectory: string,
  use: (carryOut: CarryOut) => Promise<T>,
): Promise<T> {
  const client = await connectControl(dataDirectory);
  if (client === undefined) throw new Error(`no server listens on the control socket of ${dataDirectory}`);
  const administrator = remoteAdministrator(client);
  try {
    return await use(async (command) => {
      const result = await administrator.execute(command);
      if (!result.ok) throw new Error(`${command.kind}: ${result.message}`);
      return result.value;
    });
  } finally {
    client.close();
  }
}
