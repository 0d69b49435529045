/** `homing status`: whether a server runs on the data directory, where it listens and how it is. */
import type { Command } from 'commander';
import { withExamples } from '../administrative.ts';
import { type CliContext, printResult } from '../context.ts';
import { connectControl } from '../control/client.ts';
import type { ServerStatus } from '../control/protocol.ts';
import { CliError, type ExitCode } from '../exit-code.ts';
import { type SharedOptions, loadOptions, loadOrRefuse, withData, withJson } from '../options.ts';
import { formatFields } from '../table.ts';

/** Adds the command. */
export function addStatusCommand(
  program: Command,
  context: CliContext,
  setExitCode: (code: ExitCode) => void,
): void {
  const command = program.command('status').description('show the server that runs on the data directory');
  withExamples(withJson(withData(command)), ['status', 'status --json']).action(async () => {
    const options = command.opts<SharedOptions>();
    const { config } = loadOrRefuse(loadOptions(context, options));
    const client = await connectControl(config.data);
    if (client === undefined) {
      throw new CliError(4, 'not-running', `no server runs on ${config.data}; start one with "homing serve"`);
    }
    try {
      const reply = await client.request({ op: 'status' });
      if (!reply.ok) throw new CliError(1, reply.code, reply.message);
      const status = reply.value as ServerStatus;
      printResult(context, options.json === true, status, showStatus(status));
      if (!status.healthy) setExitCode(4);
    } finally {
      client.close();
    }
  });
}

function showStatus(status: ServerStatus): string {
  return formatFields({
    pid: status.pid,
    version: status.version,
    started: status.startedAt,
    data: status.data,
    http: status.http.join(', '),
    dns: `${status.dns.join(', ')} (UDP and TCP)`,
    'dns over UDP': status.dnsLane,
    health: status.healthy ? 'good' : status.problems.join('; '),
  });
}
