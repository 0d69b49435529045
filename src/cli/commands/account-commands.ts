/** `homing account …`: who may own hosts and log in. */
import type { Command } from 'commander';
import type { AccountInfo } from '../../update/admin/command.ts';
import { administrative } from '../administrative.ts';
import type { CliContext } from '../context.ts';
import { CliError } from '../exit-code.ts';
import { readPassword } from '../read-password.ts';
import { formatTable } from '../table.ts';

/** Adds the commands. */
export function addAccountCommands(program: Command, context: CliContext): void {
  const account = program.command('account').description('the accounts that own hosts');
  const add = account
    .command('add <name>')
    .description('add an account; without a password only tokens act for it')
    .option('--admin', 'may also change zones, accounts, hosts and tokens')
    .option('--password-stdin', 'read the password, one line, from standard input');
  administrative(add, context, {
    examples: ['account add anna --password-stdin < password.txt', 'account add garage'],
    toCommand: async ([name], options) => ({
      kind: 'account-add',
      name: name!,
      admin: options['admin'] === true,
      password: options['passwordStdin'] === true ? await readPassword(context) : null,
    }),
    show: ({ name, admin, password }) =>
      `added ${admin ? 'administrator' : 'account'} ${name}${password ? '' : ', for tokens only'}`,
  });
  administrative(account.command('list').description('list all accounts'), context, {
    examples: ['account list'],
    toCommand: () => ({ kind: 'account-list' }),
    show: listAccounts,
  });
  const passwd = account
    .command('passwd <name>')
    .description("replace an account's password")
    .option('--password-stdin', 'read the password, one line, from standard input');
  administrative(passwd, context, {
    examples: ['account passwd anna --password-stdin < password.txt'],
    toCommand: async ([name], options) => {
      if (options['passwordStdin'] !== true && context.stdin.isTTY !== true) {
        const message = 'say --password-stdin and give the new password as one line on standard input';
        throw new CliError(2, 'invalid', message);
      }
      return { kind: 'account-passwd', name: name!, password: await readPassword(context) };
    },
    show: ({ name }) => `account ${name} has a new password`,
  });
  administrative(account.command('remove <name>').description('remove an account and its tokens'), context, {
    examples: ['account remove anna'],
    toCommand: ([name]) => ({ kind: 'account-remove', name: name! }),
    show: ({ removed }) => `removed account ${removed}`,
  });
}

function listAccounts(accounts: readonly AccountInfo[]): string {
  return formatTable(
    ['NAME', 'ADMIN', 'PASSWORD', 'CREATED'],
    accounts.map(({ name, admin, password, createdAt }) => [
      name,
      admin ? 'yes' : 'no',
      password ? 'yes' : 'no',
      createdAt,
    ]),
  );
}
