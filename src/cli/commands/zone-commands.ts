/** `homing zone …`: zones, their static records, and their import and export as zone files. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { describeError } from '../../config/layer.ts';
import { ACCEPT_POLICIES, type AcceptPolicy } from '../../net/address-class.ts';
import type { Warned, ZoneInfo } from '../../update/admin/command.ts';
import { administrative } from '../administrative.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../exit-code.ts';
import { parseSeconds, repeatable } from '../options.ts';
import { formatFields, formatTable } from '../table.ts';

/** Adds the commands. */
export function addZoneCommands(program: Command, context: CliContext): void {
  const zone = program.command('zone').description('the zones this server answers for');
  addZone(zone, context);
  administrative(zone.command('list').description('list all zones'), context, {
    examples: ['zone list', 'zone list --json'],
    toCommand: () => ({ kind: 'zone-list' }),
    show: (zones) =>
      formatTable(
        ['APEX', 'SERIAL', 'ACCEPT', 'HOSTS'],
        zones.map(({ apex, serial, accept, hosts }) => [apex, serial, accept, hosts]),
      ),
  });
  administrative(zone.command('show <apex>').description('show a zone with its static records'), context, {
    examples: ['zone show dyn.example.org'],
    toCommand: ([apex]) => ({ kind: 'zone-show', apex: apex! }),
    show: showZone,
  });
  administrative(zone.command('remove <apex>').description('remove a zone without hosts'), context, {
    examples: ['zone remove dyn.example.org'],
    toCommand: ([apex]) => ({ kind: 'zone-remove', apex: apex! }),
    show: ({ removed }) => `removed zone ${removed}`,
  });
  addRecordCommands(zone, context);
  addFileCommands(zone, context);
}

function addZone(zone: Command, context: CliContext): void {
  const add = zone
    .command('add <apex>')
    .description('add a zone with its SOA and name servers')
    .addOption(repeatable('--ns <name>', 'a name server; may be repeated (default ns1.APEX)'))
    .addOption(
      repeatable('--address <name=ip>', 'a static address, for name servers in the zone; may be repeated'),
    )
    .addOption(
      new Option(
        '--accept <policy>',
        'the addresses hosts may have: global ones only, home networks too, or any unicast address',
      )
        .choices(ACCEPT_POLICIES)
        .default('private'),
    );
  administrative(add, context, {
    examples: [
      'zone add dyn.example.org --ns ns1.dyn.example.org --address ns1.dyn.example.org=192.0.2.53',
      'zone add home.arpa --accept private',
    ],
    toCommand: ([apex], options) => ({
      kind: 'zone-add',
      apex: apex!,
      nameServers: (options['ns'] as string[] | undefined) ?? [],
      addresses: ((options['address'] as string[] | undefined) ?? []).map(parseNameAddress),
      accept: options['accept'] as AcceptPolicy,
    }),
    show: (info) => `added zone ${info.apex}\n\n${showZone(info)}${showWarnings(info)}`,
  });
}

function addRecordCommands(zone: Command, context: CliContext): void {
  const record = zone.command('record').description("a zone's static records");
  const set = record
    .command('set <owner> <type> <value...>')
    .description('replace the records of one owner and type; each VALUE is one record in presentation format')
    .option('--ttl <seconds>', "the records' TTL", parseSeconds);
  administrative(set, context, {
    examples: [
      'zone record set www.dyn.example.org CNAME home.dyn.example.org.',
      'zone record set dyn.example.org MX "10 mail.example.net."',
      `zone record set dyn.example.org TXT '"v=spf1 -all"' --ttl 3600`,
    ],
    toCommand: ([owner, type, ...values], options) => ({
      kind: 'record-set',
      owner: owner!,
      type: type!,
      values,
      ...(options['ttl'] === undefined ? {} : { ttl: options['ttl'] as number }),
    }),
    show: ({ records }) => records.join('\n'),
  });
  const remove = record
    .command('remove <owner> <type> [value...]')
    .description(
      'remove the records of one owner and type that have these values; all of them without a value',
    );
  administrative(remove, context, {
    examples: [
      'zone record remove www.dyn.example.org CNAME',
      'zone record remove dyn.example.org MX "10 mail.example.net."',
    ],
    toCommand: ([owner, type, ...values]) => ({ kind: 'record-remove', owner: owner!, type: type!, values }),
    show: ({ removed }) => `removed ${removed}`,
  });
}

function addFileCommands(zone: Command, context: CliContext): void {
  const load = zone
    .command('import <apex> <file>')
    .description('replace all static records of a zone by those of a zone file (- reads standard input)');
  administrative(load, context, {
    things: 'records',
    examples: ['zone import dyn.example.org dyn.example.org.zone'],
    toCommand: ([apex, file]) => ({ kind: 'zone-import', apex: apex!, text: readZoneFile(file!) }),
    show: ({ apex, records, serial, warnings }) =>
      `imported ${records} records into zone ${apex}, serial ${serial}${showWarnings({ warnings })}`,
  });
  administrative(zone.command('export <apex>').description('print a zone as a zone file'), context, {
    examples: ['zone export dyn.example.org > dyn.example.org.zone'],
    toCommand: ([apex]) => ({ kind: 'zone-export', apex: apex! }),
    show: ({ text }) => text,
  });
}

function showZone({ apex, serial, accept, hosts, records }: ZoneInfo): string {
  return `${formatFields({ apex, serial, accept, hosts })}\n\n${records.join('\n')}`;
}

function showWarnings({ warnings }: Warned): string {
  return warnings.length === 0 ? '' : `\n\n${warnings.map((text) => `warning: ${text}`).join('\n')}`;
}

function parseNameAddress(text: string): { name: string; address: string } {
  const split = text.indexOf('=');
  if (split < 1) {
    const message = `--address "${text}" is not NAME=IP, such as ns1.dyn.example.org=192.0.2.53`;
    throw new CliError(2, 'invalid', message);
  }
  return { name: text.slice(0, split), address: text.slice(split + 1) };
}

function readZoneFile(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new CliError(1, 'unreadable', `cannot read ${file}: ${describeError(error)}`, { cause: error });
  }
}
