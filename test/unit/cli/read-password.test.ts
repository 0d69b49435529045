/** A password from standard input: one line, nothing else, and not shown where it is typed. */
import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import type { CliContext } from '../../../src/cli/context.ts';
import { CliError } from '../../../src/cli/exit-code.ts';
import { readPassword } from '../../../src/cli/read-password.ts';

function contextOf(stdin: CliContext['stdin']): CliContext & { said: string[] } {
  const said: string[] = [];
  const sink = { write: (text: string) => said.push(text) };
  return { stdin, stdout: sink, stderr: sink, said };
}

test('the first line is the password, whatever its end and its chunks', async () => {
  for (const [chunks, password] of [
    [['secret\n'], 'secret'],
    [['secret\r\nmore\n'], 'secret'],
    [['sec', 'ret'], 'secret'],
    [['pass wörd \n'], 'pass wörd '],
    [[Buffer.from([0xc3]), Buffer.from([0xa9, 10])], 'é'],
  ] as const) {
    const context = contextOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk as string))));
    assert.equal(await readPassword(context), password);
    assert.deepEqual(context.said, []);
  }
});

test('no line, an empty one and an endless one are refused', async () => {
  for (const chunks of [[], ['\n'], ['x'.repeat(2000)]]) {
    const context = contextOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk))));
    await assert.rejects(readPassword(context), (error) => error instanceof CliError && error.exitCode === 2);
  }
});

test('at a terminal it is asked for, not echoed, and can be corrected', async () => {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => {
      // Typed ahead, as soon as the question shows, it must not be echoed either.
      assert.equal(context.said.length, on ? 0 : 1, 'raw before the question, and until the answer');
      modes.push(on);
    },
  });
  const context = contextOf(stdin);
  const reading = readPassword(context);
  stdin.write('sexret');
  stdin.write('\x7f\x7f\x7f\x7fcret\r');
  assert.equal(await reading, 'secret');
  assert.deepEqual(context.said, ['Password: ', '\n']);
  assert.deepEqual(modes, [true, false]);
});

test('Ctrl-C at the terminal ends the question', async () => {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (on: boolean) => modes.push(on),
  });
  const reading = readPassword(contextOf(stdin));
  stdin.write('abc\x03');
  await assert.rejects(reading, /interrupted/);
  assert.deepEqual(modes, [true, false]);
});
