/** `homing host recipe`: which server it names, and what it says where it cannot print one. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { runCli } from '../../../src/cli/run-cli.ts';

interface Printed {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cli(directory: string, ...args: readonly string[]): Promise<Printed> {
  const printed = { stdout: '', stderr: '' };
  const sink = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      printed[name] += text;
    },
  });
  const status = await runCli(args, {
    stdin: Readable.from([]),
    stdout: sink('stdout'),
    stderr: sink('stderr'),
    load: { env: {}, directory },
  });
  return { status, ...printed };
}

test('host recipe', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'homing-recipe-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const config = (lines: string): Promise<void> =>
    writeFile(join(directory, 'homing.yaml'), `data: ${join(directory, 'data')}\n${lines}`);
  await config('');
  await cli(directory, 'zone', 'add', 'dyn.test');
  await cli(directory, 'account', 'add', 'alice');
  assert.equal((await cli(directory, 'host', 'add', 'home.dyn.test', '--account', 'alice')).status, 0);
  const recipe = (...args: readonly string[]): Promise<Printed> => cli(directory, 'host', 'recipe', ...args);

  await t.test('lists devices, also without data and as JSON', async () => {
    const { status, stdout } = await recipe();
    assert.equal(status, 0);
    assert.match(stdout, /^fritzbox +FRITZ!Box +IPv4 and IPv6/m);
    const list = JSON.parse((await recipe('--device', 'list', '--json')).stdout) as { device: string }[];
    assert.ok(list.length > 20);
  });

  await t.test('names the address it listens on, and says that this is a guess', async () => {
    const { status, stdout, stderr } = await recipe('HOME.dyn.test.', '--device', 'curl');
    assert.equal(status, 0, stderr);
    assert.match(stdout, /url = "http:\/\/127\.0\.0\.1:8080\/nic\/update\?hostname=home\.dyn\.test"/);
    assert.match(stdout, /user = "alice:TOKEN"/);
    assert.match(stderr, /http\.publicUrl/);
  });

  await t.test('names the configured server, or the one of the option', async () => {
    await config('http:\n  publicUrl: https://dyn.example.org\n');
    const configured = await recipe('home.dyn.test', '--device', 'FRITZ!Box');
    assert.match(
      configured.stdout,
      /Update URL: +https:\/\/dyn\.example\.org\/nic\/update\?hostname=<domain>/,
    );
    assert.equal(configured.stderr, '');
    const given = await recipe('home.dyn.test', '--device', 'curl', '--server', 'http://10.0.0.1:8080');
    assert.match(given.stdout, /"http:\/\/10\.0\.0\.1:8080\/nic/);
    const value = JSON.parse((await recipe('home.dyn.test', '--device', 'curl', '--json')).stdout) as {
      server: string;
      steps: unknown[];
    };
    assert.equal(value.server, 'https://dyn.example.org');
    assert.ok(value.steps.length > 0);
  });

  await t.test('refuses with the exit code and the word that helps', async () => {
    const wrong = await recipe('home.dyn.test', '--device', 'fritzbx');
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /did you mean "fritzbox"/);
    assert.equal((await recipe('--device', 'curl')).status, 2);
    assert.equal((await recipe('nobody.dyn.test', '--device', 'curl')).status, 3);
    const server = await recipe('home.dyn.test', '--device', 'curl', '--server', 'ftp://x');
    assert.equal(server.status, 2);
    assert.match(server.stderr, /not a URL/);
  });

  await t.test('a wrong setting is refused with its reason', async () => {
    await config('http:\n  publicUrl: https://dyn.example.org/nic/update\n');
    const { status, stderr } = await recipe('home.dyn.test', '--device', 'curl');
    assert.equal(status, 5);
    assert.match(stderr, /http\.publicUrl.*not a URL/);
  });
});
