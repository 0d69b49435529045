/** Writes the reference of all commands from the program itself; `docs/operations/command-line.md` is its output. */
import { Readable } from 'node:stream';
import type { Command } from 'commander';
import { formatExitCodes } from './exit-code.ts';
import { buildProgram } from './program.ts';

const WIDTH = 100;

const INTRODUCTION = `<!-- Written by scripts/generate-docs.ts from src/cli; edit those. -->

# Command line

From a checkout: \`npm run -s homing -- COMMAND\`; where it is installed: \`homing COMMAND\`.

Every command takes \`--data DIR\`, and finds the data directory in the configuration otherwise. Administrative commands
do the same whether or not a server runs: where one runs they ask it through its control socket (\`control.sock\` in the
data directory, open to its owner only), where none runs they take the directory's lock for a moment. What a command
has reported as done is durable, and served if a server runs. \`homing status\` and \`homing host attempts\` need a running
server: what they show is in its memory, and attempts are kept since its start only.

With \`--json\` a command prints one line of JSON on standard output; an error is one line
\`{"error":{"code":…,"message":…}}\` on standard error. Passwords are read from standard input, never from an argument.

## Exit codes

\`\`\`text
${formatExitCodes().replace(/^ {2}/gm, '')}
\`\`\`

## Commands
`;

/** The whole document. */
export function formatCommandReference(): string {
  let help = '';
  const program = buildProgram(
    {
      stdin: Readable.from([]),
      stdout: {
        write: (text) => {
          help += text;
        },
      },
      stderr: { write: () => undefined },
      helpWidth: WIDTH,
    },
    () => undefined,
  );
  const sections = leavesOf(program).map(({ path, command }) => {
    help = '';
    command.outputHelp();
    return `### ${path}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
  });
  return `${INTRODUCTION}\n${sections.join('\n')}`;
}

/** The commands that do something, with their full names. */
function leavesOf(command: Command, parents = ''): { path: string; command: Command }[] {
  const path = `${parents}${command.name()}`;
  if (command.commands.length === 0) return [{ path, command }];
  return command.commands.flatMap((child) => leavesOf(child, `${path} `));
}
