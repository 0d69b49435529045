/** `homing host attempts`: what devices tried at a host, as the running server remembers it. */
import type { Command } from 'commander';
import { withExamples } from '../administrative.ts';
import { type CliContext, printResult } from '../context.ts';
import { connectControl } from '../control/client.ts';
import type { HostAttemptsReport } from '../control/protocol.ts';
import { CliError, exitCodeOf } from '../exit-code.ts';
import { type SharedOptions, loadOptions, loadOrRefuse, withData, withJson } from '../options.ts';
import { formatTable } from '../table.ts';

/** Adds the command to those of `host`. */
export function addAttemptsCommand(host: Command, context: CliContext): void {
  const command = host
    .command('attempts <fqdn>')
    .description(
      'show the last attempts to update a host, rejected ones too; equal ones are one line. They are kept in the ' +
        'running server since its start',
    );
  withExamples(withJson(withData(command)), [
    'host attempts home.dyn.example.org',
    'host attempts home.dyn.example.org --json',
  ]).action(async () => {
    const options = command.opts<SharedOptions>();
    const { config } = loadOrRefuse(loadOptions(context, options));
    const client = await connectControl(config.data);
    if (client === undefined)
      throw new CliError(
        4,
        'not-running',
        `attempts are kept in the running server, and none runs on ${config.data}`,
      );
    try {
      const reply = await client.request({ op: 'attempts', fqdn: command.processedArgs[0] as string });
      if (!reply.ok) throw new CliError(exitCodeOf(reply.code), reply.code, reply.message);
      const report = reply.value as HostAttemptsReport;
      printResult(context, options.json === true, report, showReport(report));
    } finally {
      client.close();
    }
  });
}

function showReport({ fqdn, since, attempts }: HostAttemptsReport): string {
  if (attempts.length === 0) return `no attempts at ${fqdn} since ${since}`;
  return formatTable(
    ['LAST', 'FIRST', 'COUNT', 'OUTCOME', 'SOURCE', 'DIALECT', 'USER AGENT'],
    attempts.map((run) => [
      run.last,
      run.first,
      run.count,
      run.text,
      run.source,
      run.dialect ?? '-',
      run.agent ?? '-',
    ]),
  );
}
