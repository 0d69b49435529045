/** The shipped examples that a program on Debian reads: each runs with its own file, filled in, and then with a wrong token. */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildHost } from '../powershell/engine.ts';
import { type Finished, run, temporaryDirectory } from './homing-process.ts';
import { ACCOUNT, HOSTS, assertPublished, needProgram, startScenario } from './programs.ts';
import { filledExample } from './shipped-example.ts';

const [HOME] = HOSTS;

interface Example {
  readonly file: string;
  readonly program: string;
  /** For Windows: run by the PowerShell engine that the tests build, so that it needs no `pwsh`. */
  readonly engine?: true;
  /** Runs the program once with the filled-in file, in an empty directory. */
  readonly run: (program: string, file: string, directory: string) => Promise<Finished>;
}

const shell = (_: string, file: string): Promise<Finished> => run('/bin/sh', [file]);

const RUNS: readonly Example[] = [
  { file: 'curl-update.sh', program: 'curl', run: shell },
  { file: 'wget-update.sh', program: 'wget', run: shell },
  {
    file: 'homing-update.ps1',
    program: 'dotnet',
    engine: true,
    run: async (program, file) => {
      const host = await buildHost();
      assert.ok('path' in host);
      return run(program, [host.path, '-File', file]);
    },
  },
  {
    file: 'ddclient.conf',
    program: 'ddclient',
    run: (program, file, directory) => {
      const [cache, pid] = [join(directory, 'cache'), join(directory, 'pid')];
      const flags = ['-daemon=0', '-foreground', '-force', '-noquiet', '-verbose'];
      return run(program, [...flags, '-file', file, '-cache', cache, '-pid', pid]);
    },
  },
  {
    file: 'inadyn.conf',
    program: 'inadyn',
    run: async (program, file, directory) => {
      const cache = join(directory, 'cache');
      await rm(cache, { recursive: true, force: true });
      await mkdir(cache);
      const flags = ['--once', '--force', '--foreground', '--no-pidfile'];
      return run(program, [...flags, `--cache-dir=${cache}`, `--config=${file}`]);
    },
  },
];

for (const example of RUNS) {
  test(`${example.file} updates as it is shipped`, async (t) => {
    const program = needProgram(t, example.program);
    if (program === undefined) return;
    const host = example.engine === undefined ? undefined : await buildHost();
    if (host !== undefined && 'skip' in host) {
      t.skip(host.skip);
      return;
    }
    const homing = await startScenario(t);
    const attempt = async (token: string): Promise<Finished> => {
      const directory = await temporaryDirectory(t);
      const file = join(directory, example.file);
      const server = `127.0.0.1:${homing.httpPort}`;
      const text = filledExample(example.file, { server, account: ACCOUNT, token, hostname: HOME });
      await writeFile(file, text, { mode: 0o600 });
      return example.run(program, file, directory);
    };
    const refused = await attempt('wrong');
    assert.notEqual(refused.status, 0, refused.output);
    await assertPublished(homing, HOME, {});
    for (const round of ['first', 'again']) {
      const { status, output } = await attempt(homing.token);
      assert.equal(status, 0, `${round}: ${output}`);
      await assertPublished(homing, HOME, { ipv4: '127.0.0.1' });
    }
  });
}
