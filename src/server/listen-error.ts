/**
 * Why a server could not start to listen, said so that the operator knows what to change.
 * Invariant: the message names the address and the setting.
 */
import { type ListenAddress, formatListenAddress } from '../config/listen-address.ts';
import type { SettingKey } from '../config/schema.ts';

/** An address that a server could not get; the message names the setting and what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  readonly code: string;

  constructor(
    setting: SettingKey,
    { listen, flag }: { listen: ListenAddress; flag: string },
    cause: NodeJS.ErrnoException,
  ) {
    super(describeListenError(setting, { listen, flag }, cause), { cause });
    this.code = cause.code ?? 'unknown';
  }
}

/** What turns a failed start into a ListenError; what is no such failure is thrown on. */
export function listenFailure(
  setting: SettingKey,
  flag: string,
  wanted: readonly ListenAddress[],
): (error: NodeJS.ErrnoException & Partial<ListenAddress>) => never {
  return (error) => {
    if (error.code === undefined || error.port === undefined) throw error;
    const listen = error.address === undefined ? wanted[0]! : { address: error.address, port: error.port };
    throw new ListenError(setting, { listen, flag }, error);
  };
}

function describeListenError(
  setting: SettingKey,
  { listen, flag }: { listen: ListenAddress; flag: string },
  { code, message }: NodeJS.ErrnoException,
): string {
  const where = formatListenAddress(listen);
  switch (code) {
    case 'EADDRINUSE': {
      const next = formatListenAddress({ ...listen, port: listen.port < 65_535 ? listen.port + 1 : 0 });
      return `${where} is taken by another program (setting ${setting}; try ${flag} ${next})`;
    }
    case 'EACCES':
      return `${where} needs a privilege that this process lacks (setting ${setting}; use a port above 1023, or grant CAP_NET_BIND_SERVICE)`;
    case 'EADDRNOTAVAIL':
      return `${where} is not an address of this machine (setting ${setting})`;
    default:
      return `cannot listen on ${where} (setting ${setting}): ${message}`;
  }
}
