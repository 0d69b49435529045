/** Runs a program that prints this machine's address. Invariant: no shell reads its name or arguments. */
import { execFile } from 'node:child_process';

/** The first line that the program printed; rejects where it does not end with exit code 0 in time. */
export function askCommand(
  { program, args }: { readonly program: string; readonly args: readonly string[] },
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      { signal, maxBuffer: 65_536, windowsHide: true, encoding: 'utf8' },
      (error, stdout) => {
        if (error === null) resolve(stdout.split(/\r\n|\r|\n/)[0]!.trim());
        else reject(new Error(describeEnd(error), { cause: error }));
      },
    );
  });
}

function describeEnd({ code }: { readonly code?: string | number | null | undefined }): string {
  if (code === 'ENOENT') return 'the program does not exist';
  if (code === 'ABORT_ERR') return 'no answer in time';
  return typeof code === 'number' ? `the program ended with ${code}` : 'the program failed';
}
