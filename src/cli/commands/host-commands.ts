/** `homing host …`: the names whose addresses devices keep current. */
import type { Command } from 'commander';
import type { HostInfo, ImportCounts } from '../../update/admin/command.ts';
import { DEFAULT_HOST_TTL } from '../../update/admin/plan-host.ts';
import { administrative } from '../administrative.ts';
import { HOST_COLUMNS, readHostList } from '../bulk/read-host-list.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../exit-code.ts';
import { parseSeconds } from '../options.ts';
import { formatFields, formatTable } from '../table.ts';
import { addRecipeCommand } from './recipe-command.ts';
import { addAttemptsCommand } from './attempts-command.ts';
import { derivationOf, derivationOrNone, showDerivation, withDerivation } from './derivation-options.ts';

/** Adds the commands. */
export function addHostCommands(program: Command, context: CliContext): void {
  const host = program.command('host').description('the hosts that devices update');
  addAddCommand(host, context);
  const list = host
    .command('list')
    .description('list hosts')
    .option('--account <name>', 'of this account only');
  administrative(list, context, {
    examples: ['host list', 'host list --account anna --json'],
    toCommand: (_, options) => ({
      kind: 'host-list',
      ...(options['account'] === undefined ? {} : { account: options['account'] as string }),
    }),
    show: listHosts,
  });
  administrative(host.command('show <fqdn>').description('show a host'), context, {
    examples: ['host show home.dyn.example.org'],
    toCommand: ([fqdn]) => ({ kind: 'host-show', fqdn: fqdn! }),
    show: showHost,
  });
  addSetCommand(host, context);
  addImportCommand(host, context);
  addBlockCommands(host, context);
  addRecipeCommand(host, context);
  addAttemptsCommand(host, context);
  const remove = host
    .command('remove <fqdn>')
    .description(
      'remove a host, its addresses, and the TXT values at its name and at _acme-challenge below it',
    );
  administrative(remove, context, {
    examples: ['host remove home.dyn.example.org'],
    toCommand: ([fqdn]) => ({ kind: 'host-remove', fqdn: fqdn! }),
    show: ({ removed, records }) =>
      [`removed host ${removed}`, ...records.map((it) => `removed ${it}`)].join('\n'),
  });
}

function addAddCommand(host: Command, context: CliContext): void {
  const add = host
    .command('add <fqdn>')
    .description('add a host, as yet without an address unless it is on a known prefix')
    .option('--account <name>', 'the account that owns it; with --prefix-of it may be left out')
    .option('--ttl <seconds>', 'how long resolvers may keep its addresses', parseSeconds, DEFAULT_HOST_TTL)
    .option('--wildcard', 'answer *.FQDN with the same addresses');
  withDerivation(add);
  administrative(add, context, {
    examples: [
      'host add home.dyn.example.org --account anna',
      'host add nas.dyn.example.org --account anna --ttl 300',
      'host add nas.dyn.example.org --prefix-of home.dyn.example.org --mac 00:11:32:12:34:56',
      'host add cam.dyn.example.org --prefix-of home.dyn.example.org --interface-id ::1:25 --subnet 3',
    ],
    toCommand: ([fqdn], options) => {
      const { account, prefixOf } = options;
      if (account === undefined && prefixOf === undefined)
        throw new CliError(2, 'usage', "required option '--account <name>' not specified");
      return {
        kind: 'host-add',
        fqdn: fqdn!,
        ttl: options['ttl'] as number,
        wildcard: options['wildcard'] === true,
        ...(account === undefined ? {} : { account: account as string }),
        ...derivationOf(options),
      };
    },
    show: (info) => `added host ${info.fqdn}\n\n${showHost(info)}`,
  });
}

function addSetCommand(host: Command, context: CliContext): void {
  const set = host
    .command('set <fqdn> [ip...]')
    .description(
      'set addresses as a device would (a family not named is kept; "none" clears both), or whose prefix it is on',
    );
  withDerivation(set).option('--no-prefix-of', 'take its IPv6 address from its own updates again');
  administrative(set, context, {
    examples: [
      'host set home.dyn.example.org 203.0.113.7 2001:db8::7',
      'host set home.dyn.example.org none',
      'host set nas.dyn.example.org --prefix-of home.dyn.example.org --mac 00:11:32:12:34:56 --subnet 3',
      'host set nas.dyn.example.org --no-prefix-of',
    ],
    toCommand: ([fqdn, ...addresses], options) => {
      return { kind: 'host-set', fqdn: fqdn!, addresses, ...derivationOrNone(options) };
    },
    show: (info) => `${info.changed ? 'changed' : 'unchanged'}\n\n${showHost(info)}`,
  });
}

function addImportCommand(host: Command, context: CliContext): void {
  const load = host
    .command('import <file>')
    .description(
      `add all hosts of a list, or none: CSV with the columns ${HOST_COLUMNS.join(', ')} (named by a first line, ` +
        'or in this order), or a JSON object with these keys on each line (.jsonl); - reads standard input. The last ' +
        'four define a host on the prefix of another, which may be in the list, too',
    )
    .option('--skip-existing', 'leave hosts alone that are there already; without it they refuse the list')
    .option(
      '--update-existing',
      'make hosts that are there already what the list says, where it says something',
    );
  administrative(load, context, {
    things: 'hosts',
    examples: [
      'host import fleet.csv',
      'host import fleet.jsonl --skip-existing',
      'host import - --update-existing < fleet.csv',
    ],
    toCommand: async ([file], options, onProgress) => {
      const { skipExisting, updateExisting } = options;
      if (skipExisting === true && updateExisting === true)
        throw new CliError(2, 'usage', 'say --skip-existing or --update-existing, not both');
      const existing = skipExisting === true ? 'skip' : updateExisting === true ? 'update' : 'refuse';
      return { kind: 'host-import', rows: await readHostList(context, file!, onProgress), existing };
    },
    show: showImport,
  });
}

function showImport({ added, updated, unchanged, skipped }: ImportCounts): string {
  return `${added} added, ${updated} updated, ${unchanged} unchanged, ${skipped} skipped`;
}

function addBlockCommands(host: Command, context: CliContext): void {
  const block = host
    .command('block <fqdn>')
    .description('refuse updates of a host (devices are told "abuse"); its last addresses stay published');
  administrative(block, context, {
    examples: ['host block home.dyn.example.org'],
    toCommand: ([fqdn]) => ({ kind: 'host-block', fqdn: fqdn! }),
    show: (info) => `${info.changed ? 'blocked' : 'was blocked already'}\n\n${showHost(info)}`,
  });
  administrative(host.command('unblock <fqdn>').description('take updates of a host again'), context, {
    examples: ['host unblock home.dyn.example.org'],
    toCommand: ([fqdn]) => ({ kind: 'host-unblock', fqdn: fqdn! }),
    show: (info) => `${info.changed ? 'unblocked' : 'was not blocked'}\n\n${showHost(info)}`,
  });
}

function listHosts(hosts: readonly HostInfo[]): string {
  return formatTable(
    ['HOST', 'ACCOUNT', 'IPV4', 'IPV6', 'TTL', 'BLOCKED', 'PREFIX OF', 'CHANGED'],
    hosts.map((info) => [
      info.fqdn,
      info.account,
      info.ipv4 ?? '-',
      info.ipv6 ?? '-',
      info.ttl,
      info.blocked ? 'yes' : '-',
      info.derived?.router ?? '-',
      info.changedAt ?? 'never',
    ]),
  );
}

function showHost(info: HostInfo): string {
  return formatFields({
    host: info.fqdn,
    zone: info.zone,
    account: info.account,
    ipv4: info.ipv4 ?? '-',
    ipv6: info.ipv6 ?? '-',
    ttl: info.ttl,
    wildcard: info.wildcard ? 'yes' : 'no',
    blocked: info.blocked ? 'yes' : 'no',
    changed: info.changedAt ?? 'never',
    ...showDerivation(info),
  });
}
