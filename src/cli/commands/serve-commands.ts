/** `homing serve` and `homing quickstart`. */
import type { Command } from 'commander';
import { withExamples } from '../administrative.ts';
import type { CliContext } from '../context.ts';
import type { ExitCode } from '../exit-code.ts';
import { type ServeOptions, loadOptions, withServeOptions } from '../options.ts';
import { runServer } from '../run-server.ts';

/** Defaults of the quickstart that differ from the server's: it is started by a person at a terminal. */
const QUICKSTART_DEFAULTS = { origin: 'quickstart', raw: { 'log.pretty': true } } as const;

/** Adds the commands. */
export function addServeCommands(
  program: Command,
  context: CliContext,
  setExitCode: (code: ExitCode) => void,
): void {
  const serve = program
    .command('serve')
    .description('serve updates over HTTP and answers over DNS until SIGTERM or SIGINT');
  withExamples(withServeOptions(serve), [
    'serve',
    'serve --data /var/lib/homing --http 127.0.0.1:8080 --dns 192.0.2.53:53 --dns [2001:db8::53]:53',
  ]).action(async () => {
    const load = loadOptions(context, serve.opts<ServeOptions>());
    setExitCode(await runServer({ context, load, quickstart: false }));
  });
  const quickstart = program
    .command('quickstart')
    .description(
      'serve; if the data directory is empty, first make a zone, a host and a token to try it with',
    );
  withExamples(withServeOptions(quickstart), ['quickstart', 'quickstart --data /tmp/try']).action(
    async () => {
      const load = loadOptions(context, quickstart.opts<ServeOptions>(), QUICKSTART_DEFAULTS);
      setExitCode(await runServer({ context, load, quickstart: true }));
    },
  );
}
