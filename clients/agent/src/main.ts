/** The process: arguments in, exit code out. The only module that touches the process as a whole. */
import { uptime } from 'node:os';
import { writeSync } from 'node:fs';
import { runProgram } from './commands/program.ts';
import { createThisPlatform } from './platform/this-machine.ts';

/** What is left after the command is done (an idle connection, a timer) may not keep the process for longer. */
const LINGER_MS = 200;

for (const stream of [process.stdout, process.stderr]) {
  // A reader that has seen enough, or a disk that is full: the agent goes on without its log.
  stream.on('error', () => undefined);
}

void runProgram(process.argv.slice(2), {
  env: process.env,
  platform: createThisPlatform(process.env),
  program: process.argv[1] ?? '',
  print: (text) => process.stdout.write(text),
  printError: (text) => process.stderr.write(text),
  readInput: async () => {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  },
  moment: () => ({ wall: Date.now(), elapsed: performance.now() }),
  onStop: (stop) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGBREAK'] as const) process.on(signal, stop);
  },
  upMs: () => uptime() * 1000,
}).then(
  (code) => {
    process.exitCode = code;
    setTimeout(() => process.exit(), LINGER_MS).unref();
  },
  (error: unknown) => {
    writeSync(
      2,
      `homing-agent: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(70);
  },
);
