/** `homing token …`: what devices log in with. Invariant: a secret is printed once, when it is made. */
import type { Command } from 'commander';
import { administrative } from '../administrative.ts';
import type { CliContext } from '../context.ts';
import { repeatable } from '../options.ts';
import { formatFields, formatTable } from '../table.ts';

/** Adds the commands. */
export function addTokenCommands(program: Command, context: CliContext): void {
  const token = program.command('token').description('the tokens that devices log in with');
  const add = token
    .command('add')
    .description('make a token and print its secret, which is not stored and not shown again')
    .requiredOption('--account <name>', 'the account it acts for')
    .addOption(
      repeatable(
        '--host <fqdn>',
        'a host it may update; may be repeated (default: all hosts of the account)',
      ),
    )
    .option('--label <text>', 'a note, such as the device it is for', '')
    .option('--gnudip', 'store the MD5 of the secret too, for devices that speak GnuDIP', false);
  administrative(add, context, {
    examples: [
      'token add --account anna --host home.dyn.example.org --label "router"',
      'token add --account anna --json',
    ],
    toCommand: (_, options) => ({
      kind: 'token-add',
      account: options['account'] as string,
      hosts: (options['host'] as string[] | undefined) ?? [],
      label: options['label'] as string,
      gnudip: options['gnudip'] === true,
    }),
    show: ({ id, secret }) =>
      `${formatFields({ id, secret })}\n\nThe secret is the device's password. It is not shown again.`,
  });
  const list = token
    .command('list')
    .description('list tokens')
    .option('--account <name>', 'of this account only');
  administrative(list, context, {
    examples: ['token list', 'token list --account anna'],
    toCommand: (_, options) => ({
      kind: 'token-list',
      ...(options['account'] === undefined ? {} : { account: options['account'] as string }),
    }),
    show: (tokens) =>
      formatTable(
        ['ID', 'ACCOUNT', 'HOSTS', 'CREATED', 'LABEL'],
        tokens.map(({ id, account, hosts, createdAt, label }) => [
          id,
          account,
          hosts === null ? 'all' : hosts.join(','),
          createdAt,
          label,
        ]),
      ),
  });
  addTokenRevoke(token, context);
}

function addTokenRevoke(token: Command, context: CliContext): void {
  administrative(
    token.command('revoke <id>').description('end a token; its device can no longer update'),
    context,
    {
      examples: ['token revoke 4k2m9q7xza'],
      toCommand: ([id]) => ({ kind: 'token-revoke', id: id! }),
      show: ({ removed }) => `revoked token ${removed}`,
    },
  );
}
