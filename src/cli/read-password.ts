/**
 * Reads a password from standard input, so that it is never an argument that other users of the machine can see.
 * Invariant: what is typed at a terminal is not echoed, and the terminal is as before afterwards.
 */
import type { CliContext } from './context.ts';
import { CliError } from './exit-code.ts';

const MAX_BYTES = 1024;

/** The first line of standard input without its end. Rejects with CliError where there is none. */
export async function readPassword(context: CliContext): Promise<string> {
  const { stdin, stderr } = context;
  const terminal = stdin.isTTY === true && stdin.setRawMode !== undefined;
  if (terminal) {
    // Before the prompt: what is typed as soon as it shows must not be echoed either.
    stdin.setRawMode?.(true);
    stderr.write('Password: ');
  }
  try {
    const line = await firstLine(stdin, terminal);
    if (line === '') throw new CliError(2, 'invalid', 'no password on standard input: give it as one line');
    return line;
  } finally {
    if (terminal) {
      stdin.setRawMode?.(false);
      stderr.write('\n');
    }
    stdin.pause();
  }
}

async function firstLine(stdin: CliContext['stdin'], terminal: boolean): Promise<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stdin.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer | string>) {
    bytes = Buffer.concat([bytes, Buffer.from(chunk as Buffer)]);
    if (terminal && bytes.includes(3)) throw new CliError(1, 'interrupted', 'interrupted');
    const end = bytes.findIndex((byte) => byte === 10 || (terminal && (byte === 13 || byte === 4)));
    if (end !== -1) {
      bytes = bytes.subarray(0, end);
      break;
    }
    if (bytes.length > MAX_BYTES)
      throw new CliError(2, 'invalid', `a password has at most ${MAX_BYTES} bytes`);
  }
  const text = bytes.toString('utf8').replace(/\r$/, '');
  return terminal ? eraseTyped(text) : text;
}

/** Raw mode hands over the backspaces too. */
function eraseTyped(text: string): string {
  const typed: string[] = [];
  for (const char of text) {
    if (char === '\x7f' || char === '\b') typed.pop();
    else typed.push(char);
  }
  return typed.join('');
}
