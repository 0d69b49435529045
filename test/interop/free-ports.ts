/** Ports for programs that do not tell which one the system chose. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A port of 127.0.0.1 for each key that was free for TCP a moment ago. All are held until the last is found: asked for
 * one after the other, the system may give the same one twice.
 */
export async function freePorts<K extends string>(...keys: readonly K[]): Promise<Record<K, number>> {
  const servers = keys.map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return Object.fromEntries(keys.map((key, i) => [key, ports[i]])) as Record<K, number>;
}
