/**
 * What a user gets who installs the package: the tarball of `npm pack`, installed in an empty directory, runs.
 * Everything is done by npm itself; the project's own Node stands first in PATH, as it does in npm scripts.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, readText } from './source.ts';

const run = promisify(execFile);

const PATH = [join(ROOT, 'node_modules', '.bin'), process.env['PATH']].join(delimiter);
const NPM_SETTINGS = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];

test('the packed package installs in an empty directory and its command works', async (t) => {
  if (!(await registryAnswers())) {
    t.skip('needs the npm registry');
    return;
  }

  const directory = await mkdtemp(join(tmpdir(), 'homing-package-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const tarball = await pack(directory);
  await writeFile(join(directory, 'package.json'), '{ "private": true }\n');
  await npm(directory, 'install', '--prefer-offline', ...NPM_SETTINGS, tarball);
  const homing = async (...args: string[]): Promise<string> => {
    const command = join(directory, 'node_modules', '.bin', 'homing');
    return (await run(command, args, { cwd: directory, env: { ...process.env, PATH } })).stdout;
  };

  const { version } = JSON.parse(readText('package.json')) as { version: string };
  assert.equal((await homing('--version')).trim(), version);

  const data = join(directory, 'data');
  await homing('zone', 'add', 'dyn.example.org', '--data', data);
  const zones = JSON.parse(await homing('zone', 'list', '--data', data, '--json')) as { apex: string }[];
  assert.deepEqual(
    zones.map(({ apex }) => apex.replace(/\.$/, '')),
    ['dyn.example.org'],
  );
  // Hashing a password loads the worker, whose file has another ending once it is compiled.
  const child = run(
    join(directory, 'node_modules', '.bin', 'homing'),
    ['account', 'add', 'alice', '--password-stdin', '--data', data],
    { cwd: directory, env: { ...process.env, PATH } },
  );
  child.child.stdin!.end('correct horse battery staple\n');
  await child;
  assert.match(await homing('account', 'list', '--data', data), /alice/);

  const installed = await readFile(join(directory, 'node_modules', 'homing', 'dist', 'main.js'), 'utf8');
  assert.ok(installed.startsWith('#!/usr/bin/env node\n'), 'the command has its shebang line');
});

/** Packs the project into `directory` and returns the tarball's path; fails if anything unwanted is in it. */
async function pack(directory: string): Promise<string> {
  const report = await npm(ROOT, 'pack', '--json', `--pack-destination=${directory}`, '--loglevel=error');
  // The build may print before the report.
  const [packed] = JSON.parse(report.slice(report.indexOf('[\n'))) as [
    { filename: string; files: { path: string }[] },
  ];
  const paths = packed.files.map(({ path }) => path);
  for (const wanted of [
    'dist/main.js',
    'README.md',
    'LICENSE',
    'SECURITY.md',
    'docs/operations/running.md',
    'clients/README.md',
  ])
    assert.ok(paths.includes(wanted), `${wanted} is packed`);
  const unwanted = /^(src|test|scripts|bench|data|node_modules|clients\/dist)\/|\.(tgz|map|d\.ts)$/;
  assert.deepEqual(
    paths.filter((path) => unwanted.test(path)),
    [],
  );
  return join(directory, packed.filename);
}

async function registryAnswers(): Promise<boolean> {
  return npm(ROOT, 'view', 'zod', 'version', '--fetch-retries=0', '--fetch-timeout=5000').then(
    () => true,
    () => false,
  );
}

async function npm(cwd: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, PATH };
  return (await run('npm', args, { cwd, env, maxBuffer: 64 << 20 })).stdout;
}
