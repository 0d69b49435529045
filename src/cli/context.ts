/**
 * What a command has to do with the world: where it reads and writes, and where its configuration comes from.
 * Invariant: results go to standard output, everything said beside them to standard error.
 */
import type { Readable } from 'node:stream';
import type { LoadOptions } from '../config/load.ts';

/** Where a command writes. */
export interface TextSink {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** The world of one command. */
export interface CliContext {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  /** Columns of help texts, in place of the terminal's. */
  readonly helpWidth?: number;
  /** In place of the process's own environment and working directory. */
  readonly load?: Pick<LoadOptions, 'env' | 'directory'>;
}

/** Writes a result: the value itself for scripts, or the text for people, with one newline at its end. */
export function printResult(context: CliContext, json: boolean, value: unknown, text: string): void {
  const shown = json ? JSON.stringify(value) : text;
  if (shown !== '') context.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`);
}
