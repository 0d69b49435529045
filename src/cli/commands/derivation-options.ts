/**
 * The options of `homing host add` and `homing host set` that define a host on another host's IPv6 prefix, and what of
 * prefixes is shown of a host.
 */
import type { Command } from 'commander';
import type { DerivationWish, HostInfo } from '../../update/admin/command.ts';
import { CliError } from '../exit-code.ts';
import { parseNumber } from '../options.ts';

/** Adds the options that say where a host's IPv6 address comes from. */
export function withDerivation(command: Command): Command {
  return command
    .option('--prefix-of <fqdn>', 'make its IPv6 address of the prefix that the device of this host reports')
    .option('--interface-id <id>', 'the lower 64 bits of its IPv6 address, such as ::211:32ff:fe12:3456')
    .option('--mac <mac>', 'its MAC address, of which the lower 64 bits are made (EUI-64)')
    .option(
      '--subnet <number>',
      'the subnet of the prefix that it is in; 0 where nothing is said',
      parseNumber,
    );
}

/** What these options say; nothing where none was given. */
export function derivationOf(options: Record<string, unknown>): { derived?: DerivationWish } {
  const { prefixOf, interfaceId, mac, subnet } = options as Record<string, string | number | undefined>;
  const derived = Object.fromEntries(
    Object.entries({ router: prefixOf, interfaceId, mac, subnet }).filter(([, value]) => value !== undefined),
  ) as DerivationWish;
  return Object.keys(derived).length === 0 ? {} : { derived };
}

/** What these options and `--no-prefix-of` say: null ends the derivation. */
export function derivationOrNone(options: Record<string, unknown>): { derived?: DerivationWish | null } {
  if (options['prefixOf'] !== false) return derivationOf(options);
  const { interfaceId, mac, subnet } = options;
  if (interfaceId === undefined && mac === undefined && subnet === undefined) return { derived: null };
  throw new CliError(2, 'usage', 'say --no-prefix-of, or what the host has in a prefix, not both');
}

/** The lines about prefixes of a host; none for a host that has nothing to do with them. */
export function showDerivation({ prefix, prefixFor, derived }: HostInfo): Record<string, string | number> {
  return {
    ...(prefix === null ? {} : { prefix }),
    ...(prefixFor.length === 0 ? {} : { 'prefix for': prefixFor.join(' ') }),
    ...(derived === null
      ? {}
      : { 'prefix of': derived.router, subnet: derived.subnet, 'interface id': derived.interfaceId }),
    ...(derived?.problem == null ? {} : { 'ipv6 is old': derived.problem }),
  };
}
