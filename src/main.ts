/** The process: arguments in, exit code out. The only module that ends the process. */
import { runCli } from './cli/run-cli.ts';

/** What is left after the command is done (an idle connection, a timer) may not keep the process for longer. */
const LINGER_MS = 500;

for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`| head`) closes the pipe: no failure of the command, no end of a server.
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
});
setTimeout(() => process.exit(), LINGER_MS).unref();
