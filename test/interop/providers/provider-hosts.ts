/**
 * Programs that know their provider by a fixed name (members.dyndns.org, www.duckdns.org): run with a hosts file of
 * their own, in which that name is this machine, as people do whose device offers no other server.
 * Invariant: the hosts file is in the program's mount namespace alone; nothing outside it sees the names.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Finished, type HomingProcess, run, temporaryDirectory } from '../homing-process.ts';
import { needProgram, startScenario } from '../programs.ts';

/** The address on which a test file has ports 80 and 443 to itself: of its process, so that no other has it. */
export const PROVIDER_ADDRESS = `127.${64 + (process.pid >> 16)}.${(process.pid >> 8) & 255}.${process.pid & 255}`;

/** Runs programs for which these names are `PROVIDER_ADDRESS`. */
export interface ProviderHosts {
  readonly server: HomingProcess & { readonly token: string };
  run(program: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Finished>;
}

/** A scenario that is also served on port 80 of `PROVIDER_ADDRESS`. Skips where the machine does not let it. */
export async function startProvider(
  t: TestContext,
  names: readonly string[],
): Promise<ProviderHosts | undefined> {
  if (process.getuid?.() !== 0) {
    t.skip('needs root, for ports 80 and 443 and a hosts file of its own');
    return undefined;
  }
  const unshare = needProgram(t, 'unshare');
  if (unshare === undefined) return undefined;
  const file = join(await temporaryDirectory(t), 'hosts');
  await writeFile(file, `127.0.0.1 localhost\n${PROVIDER_ADDRESS} ${names.join(' ')}\n`);
  const inNamespace = ['--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', file];
  const tried = await run(unshare, [...inNamespace, 'true']);
  if (tried.status !== 0) {
    t.skip(`needs a mount namespace: ${tried.output.trim()}`);
    return undefined;
  }
  const server = await startScenario(t, {
    args: ['--http', `${PROVIDER_ADDRESS}:80`],
    env: { HOMING_HTTP_TRUSTED_PROXIES: '127.0.0.0/8' },
  });
  return {
    server,
    run: (program, args, env = {}) =>
      run(unshare, [...inNamespace, program, ...args], { env: { ...process.env, ...env } }),
  };
}
