/**
 * What lies in `clients/dist`: `checksums.txt` for people (`sha256sum -c`), `manifest.json` for the server.
 *
 * Invariant: every file there is in both, but for these two; in the order of their names.
 */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file that is handed out. */
export interface DistFile {
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
  /** For HTTP's Content-Type. */
  readonly type: string;
  /** One sentence for people. */
  readonly about: string;
}

const EXECUTABLE = 'application/vnd.microsoft.portable-executable';

/** What each file is; one that is not here is not handed out. */
export const DIST_FILES: Readonly<Record<string, readonly [type: string, about: string]>> = {
  'homing-agent-linux-x64': [
    'application/octet-stream',
    'The agent for Linux (x64, glibc), one file, nothing else needed.',
  ],
  'homing-agent-win-x64.exe': [EXECUTABLE, 'The agent for Windows (x64), one file, nothing else needed.'],
  'homing-agent.mjs': ['text/javascript; charset=utf-8', 'The agent for any machine with Node 22 or later.'],
  'homing-agent.msi': ['application/x-msi', 'Agent and service for Group Policy and Intune (Windows x64).'],
  'homing-powershell.zip': [
    'application/zip',
    'The PowerShell module Homing, for Windows PowerShell 5.1 and PowerShell 7.',
  ],
  'homing-service.exe': [EXECUTABLE, 'The service host that the installers use.'],
  'install.ps1': [
    'text/plain; charset=utf-8',
    'Installs the agent on Windows; run it in PowerShell as administrator.',
  ],
  'Install-Homing.bat': ['text/plain; charset=utf-8', 'Runs install.ps1 with a double click.'],
  'licenses.txt': ['text/plain; charset=utf-8', 'The licences of all that is inside the executables.'],
};

/** Writes both lists of what is in `directory` and returns the entries; throws on a file that is not known. */
export function writeDistManifest(directory: string): DistFile[] {
  const files = readdirSync(directory)
    .filter((name) => name !== 'checksums.txt' && name !== 'manifest.json')
    .sort()
    .map((name): DistFile => {
      const known = DIST_FILES[name];
      if (known === undefined) throw new Error(`${name} is not in the list of files that are handed out`);
      const data = readFileSync(join(directory, name));
      const sha256 = createHash('sha256').update(data).digest('hex');
      return { name, bytes: data.length, sha256, type: known[0], about: known[1] };
    });
  writeFileSync(
    join(directory, 'checksums.txt'),
    files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''),
  );
  writeFileSync(join(directory, 'manifest.json'), `${JSON.stringify(files, undefined, 2)}\n`);
  return files;
}
