/** `homing token …`: what devices log in with. Invariant: a secret is told once, when it is made. */
import { type Command, Option } from 'commander';
import type { HostTokens } from '../../update/admin/command.ts';
import { administrative, carryOut, withExamples } from '../administrative.ts';
import { readHostList } from '../bulk/read-host-list.ts';
import { createSecretFile } from '../bulk/secret-file.ts';
import { type CliContext, printResult } from '../context.ts';
import { CliError } from '../exit-code.ts';
import { type SharedOptions, repeatable, withData, withJson } from '../options.ts';
import { formatFields, formatTable } from '../table.ts';

/** Adds the commands. */
export function addTokenCommands(program: Command, context: CliContext): void {
  const token = program.command('token').description('the tokens that devices log in with');
  addAddCommand(token, context);
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
        ['ID', 'ACCOUNT', 'HOSTS', 'GNUDIP', 'CREATED', 'LABEL'],
        tokens.map(({ id, account, hosts, gnudip, createdAt, label }) => [
          id,
          account,
          hosts === null ? 'all' : hosts.join(','),
          gnudip ? 'yes' : '-',
          createdAt,
          label,
        ]),
      ),
  });
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

function addAddCommand(token: Command, context: CliContext): void {
  const add = token
    .command('add')
    .description(
      'make a token and print its secret, which is not stored and not shown again; with --for-hosts one for each ' +
        'host of a list, as CSV (fqdn,token)',
    )
    .option('--account <name>', 'the account it acts for')
    .addOption(
      repeatable(
        '--host <fqdn>',
        'a host it may update; may be repeated (default: all hosts of the account)',
      ),
    )
    .addOption(
      new Option(
        '--for-hosts <file>',
        'a list as "homing host import" takes, or of names alone (- reads standard input): a token for each of its ' +
          'hosts, for that host alone',
      ).conflicts(['account', 'host']),
    )
    .option('--skip-existing', 'with --for-hosts: leave hosts out that have a token of their own')
    .option('--output <file>', 'with --for-hosts: where to write the CSV, a new file of mode 0600')
    .option('--label <text>', 'a note, such as the device it is for', '')
    .addOption(
      new Option('--gnudip', 'store the MD5 of the secret too, for a device that speaks GnuDIP').conflicts(
        'forHosts',
      ),
    );
  const examples = [
    'token add --account anna --host home.dyn.example.org --label "router"',
    'token add --account anna --json',
    'token add --for-hosts fleet.csv --output fleet-tokens.csv',
  ];
  withExamples(withJson(withData(add)), examples).action(async () => {
    const options = add.opts<AddOptions>();
    if (options.forHosts !== undefined) await addForHosts(add, context, options.forHosts);
    else await addOne(add, context);
  });
}

interface AddOptions extends SharedOptions {
  readonly account?: string;
  readonly host?: readonly string[];
  readonly forHosts?: string;
  readonly skipExisting?: boolean;
  readonly output?: string;
  readonly label: string;
  readonly gnudip?: boolean;
}

async function addOne(add: Command, context: CliContext): Promise<void> {
  const { account, host, label, json, skipExisting, output, gnudip = false } = add.opts<AddOptions>();
  if (account === undefined)
    throw new CliError(2, 'usage', "required option '--account <name>' not specified");
  if (skipExisting === true || output !== undefined)
    throw new CliError(2, 'usage', '--skip-existing and --output belong to --for-hosts');
  const made = await carryOut(add, context, {
    toCommand: () => ({ kind: 'token-add', account, hosts: host ?? [], label, gnudip }),
  });
  const text = `${formatFields({ ...made })}\n\nThe secret is the device's password. It is not shown again.`;
  printResult(context, json === true, made, text);
}

async function addForHosts(add: Command, context: CliContext, file: string): Promise<void> {
  const { json, label, skipExisting = false, output } = add.opts<AddOptions>();
  // Made before the tokens are: their secrets would be lost with a file that cannot be written.
  const target = output === undefined ? undefined : await createSecretFile(output);
  try {
    const made = await carryOut(add, context, {
      things: 'hosts',
      toCommand: async (_args, _options, onProgress) => ({
        kind: 'token-add-for-hosts',
        rows: await readHostList(context, file, onProgress),
        label,
        skipExisting,
      }),
    });
    const summary = { tokens: made.tokens.length, skipped: made.skipped };
    const text = `made ${summary.tokens} tokens, left out ${summary.skipped} hosts that have one`;
    if (target !== undefined) {
      await target.write(formatTokens(made));
      printResult(context, json === true, { file: target.path, ...summary }, `${text}; wrote ${target.path}`);
    } else {
      printResult(context, json === true, made, formatTokens(made));
      if (json !== true) context.stderr.write(`homing: ${text}\n`);
    }
  } catch (error) {
    await target?.discard();
    throw error;
  }
}

/** Host names and secrets have no character that CSV would need to quote. */
function formatTokens({ tokens }: HostTokens): string {
  return `fqdn,token\n${tokens.map(({ fqdn, secret }) => `${fqdn},${secret}\n`).join('')}`;
}
