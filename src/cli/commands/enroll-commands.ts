/** `homing enroll …`: codes with which machines register themselves. Invariant: a code is told once, when it is made. */
import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import { DEFAULT_HOST_TTL } from '../../update/admin/plan-host.ts';
import type { EnrolmentInfo } from '../../update/enrol/enrolment-command.ts';
import { administrative } from '../administrative.ts';
import type { CliContext } from '../context.ts';
import { parseDuration, parseNumber, parseSeconds } from '../options.ts';
import { formatFields, formatTable } from '../table.ts';

/** Seven days, in seconds. */
const LIFETIME = 604_800;
const USES = 300;

/** Adds the commands. */
export function addEnrollCommands(program: Command, context: CliContext): void {
  const enroll = program.command('enroll').description('codes with which machines register themselves');
  addCreateCommand(enroll, context);
  administrative(enroll.command('list').description('list codes, ended ones too'), context, {
    examples: ['enroll list', 'enroll list --json'],
    toCommand: () => ({ kind: 'enroll-list' }),
    show: listCodes,
  });
  administrative(
    enroll
      .command('revoke <id>')
      .description('end a code; the hosts that it made and their tokens stay as they are'),
    context,
    {
      examples: ['enroll revoke 4k2m9q7xza'],
      toCommand: ([id]) => ({ kind: 'enroll-revoke', id: id! }),
      show: ({ id, used }) => `revoked code ${id}, with which ${used} machines had enrolled`,
    },
  );
  administrative(
    enroll
      .command('log [id]')
      .description(
        'show who enrolled with a code, or with any, from where and as what; refused attempts too',
      ),
    context,
    {
      examples: ['enroll log 4k2m9q7xza', 'enroll log --json'],
      toCommand: ([id]) => ({ kind: 'enroll-log', ...(id === undefined ? {} : { id }) }),
      show: (events) =>
        formatTable(
          ['TIME', 'CODE', 'WHAT', 'SOURCE', 'MACHINE', 'SERIAL', 'HOST', 'TOKEN'],
          events.map(({ at, enrolment, kind, reason, source, name, serial, host, token }) => [
            at,
            enrolment,
            reason === null ? kind : `${kind}: ${reason}`,
            source,
            name,
            serial ?? '-',
            host ?? '-',
            token ?? '-',
          ]),
        ),
    },
  );
}

function addCreateCommand(enroll: Command, context: CliContext): void {
  const create = enroll
    .command('create')
    .description(
      'make a code and print it; it is not stored and not shown again. A machine that presents it gets a host, whose ' +
        'name a pattern makes, and a token of its own',
    )
    .option('--account <name>', 'the account that owns the hosts')
    .option('--zone <apex>', 'the zone in which hosts are made')
    .option(
      '--pattern <label>',
      "the host's label: {serial} and {name} are the machine's own, {n} or {n:4} the next free number",
    )
    .addOption(
      new Option('--host <fqdn>', 'instead: a code for this host, which is there, with one use').conflicts([
        'zone',
        'pattern',
        'uses',
        'ttl',
      ]),
    )
    .option('--uses <number>', `how many machines may enrol (default: ${USES})`, parseNumber)
    .option('--expires <time>', 'how long it is valid: 7d, 12h, 30m (default: 7d)', parseDuration)
    .option('--ttl <seconds>', `of the hosts that it makes (default: ${DEFAULT_HOST_TTL})`, parseSeconds);
  administrative(create, context, {
    examples: [
      "enroll create --account shops --zone dyn.example.org --pattern 'shop-{serial}' --uses 300 --expires 7d",
      "enroll create --account shops --zone dyn.example.org --pattern 'till{n:4}' --uses 20 --expires 12h",
      'enroll create --host home.dyn.example.org --expires 1d',
    ],
    toCommand: (_, { account, zone, pattern, host, uses, expires, ttl }) => ({
      kind: 'enroll-create',
      ...(account === undefined ? {} : { account: account as string }),
      ...(zone === undefined ? {} : { zone: zone as string }),
      ...(pattern === undefined ? {} : { pattern: pattern as string }),
      ...(host === undefined ? {} : { host: host as string }),
      ...(ttl === undefined ? {} : { ttl: ttl as number }),
      uses: (uses as number | undefined) ?? (host === undefined ? USES : 1),
      lifetimeSeconds: (expires as number | undefined) ?? LIFETIME,
      by: operatorName(),
    }),
    show: (made) =>
      `${formatFields({
        id: made.id,
        code: made.code,
        account: made.account,
        for: targetOf(made),
        uses: made.uses,
        expires: made.expiresAt,
      })}\n\nMachines enrol with the code. It is not shown again.`,
  });
}

function listCodes(codes: readonly EnrolmentInfo[]): string {
  return formatTable(
    ['ID', 'STATE', 'FOR', 'ACCOUNT', 'USES LEFT', 'EXPIRES', 'MADE BY', 'MADE', 'LAST USE'],
    codes.map((code) => [
      code.id,
      code.state,
      targetOf(code),
      code.account,
      `${code.uses - code.used} of ${code.uses}`,
      code.expiresAt,
      code.createdBy,
      code.createdAt,
      code.lastUsedAt ?? 'never',
    ]),
  );
}

function targetOf({ pattern, host, zone }: EnrolmentInfo): string {
  return host ?? `${pattern ?? ''}.${zone}`;
}

/** Who runs the command, as the system knows them. */
function operatorName(): string {
  try {
    return userInfo().username.slice(0, 100);
  } catch {
    // A user id without an entry, as in many containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
