/** The module as a service or a task runs it, against a real Homing: agent.ps1 and its exit codes (A-2.6, A-6, A-7.2, A-9). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import { findProgram, HOSTS, assertPublished, startScenario } from '../interop/programs.ts';
import { MODULE, buildHost, cleanEnvironment, quote, startEngine } from './engine.ts';
import { startScriptedServer } from '../clients/scripted/server.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const path = 'path' in host ? host.path : '';
const engine = skip === false ? await startEngine(path) : undefined;
after(() => engine?.close());
const SCRIPT = join(MODULE, 'agent.ps1');

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** A complete PowerShell where there is one, else the engine alone. */
function startScript(args: readonly string[]): {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
} {
  const pwsh = findProgram('pwsh');
  const [program, first] =
    pwsh === undefined ? ['dotnet', [path, '-File']] : [pwsh, ['-NoProfile', '-NonInteractive', '-File']];
  const child = spawn(program, [...first, SCRIPT, ...args], {
    env: cleanEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.errors += chunk.toString()));
  return { child, ended: once(child, 'close').then(([code]) => ({ code: code as number | null, ...text })) };
}

/** The script in the engine that runs already: a process for each call would be most of what these tests take. */
async function run(...args: readonly string[]): Promise<Ended> {
  const words = args.map((word) => (word.startsWith('-') ? word : quote(word))).join(' ');
  const { output, errors, thrown } = await engine!.try(`
    $said = [IO.StringWriter]::new()
    $before = [Console]::Error
    [Console]::SetError($said)
    try { & ${quote(SCRIPT)} ${words} } finally { [Console]::SetError($before) }
    [string] $LASTEXITCODE
    $said.ToString()`);
  assert.equal(thrown, null);
  const [code, said] = output.slice(-2);
  return {
    code: Number(code),
    output: output.slice(0, -2).join('\n'),
    errors: [said, ...errors].join('\n'),
  };
}

async function until(what: string, ready: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 40_000;
  while (Date.now() < end) {
    if (await ready()) return;
    await sleep(150);
  }
  assert.fail(`not within 40 s: ${what}`);
}

function secretFile(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text);
  chmodSync(join(folder, name), 0o600);
}

test('a real Homing: once, run, a second one, status, stop', { skip }, async (t: TestContext) => {
  const server = await startScenario(t);
  const folder = mkdtempSync(join(tmpdir(), 'homing-agent-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const config = join(folder, 'agent.yaml');
  const [home, vpn] = HOSTS;
  secretFile(folder, 'home.token', `${server.token}\n`);
  const document = {
    allowPrivate: true,
    servers: {
      home: {
        url: `http://127.0.0.1:${server.httpPort}`,
        user: 'alice',
        secret: { file: 'home.token' },
        dns: [`127.0.0.1:${server.dnsPort}`],
      },
    },
    hosts: [{ name: home }],
    detect: {
      ipv4: { sources: [`command:cat ${join(folder, 'four')}`] },
      ipv6: { sources: [`command:cat ${join(folder, 'six')}`] },
    },
  };
  writeFileSync(join(folder, 'four'), '198.51.100.77\nmore\n');
  writeFileSync(join(folder, 'six'), '2001:db8::77\n');
  writeFileSync(config, stringify(document));

  await t.test('once sends, sees the address in DNS, and has nothing to send then', async () => {
    const first = await startScript(['once', '-Path', config]).ended;
    assert.equal(first.code, 0, first.errors + first.output);
    await assertPublished(server, home, { ipv4: '198.51.100.77', ipv6: '2001:db8::77' });
    const state = JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')) as {
      hosts: Record<string, { verified: { result: string }; reply: { code: string } }>;
    };
    assert.deepEqual(state.hosts[`home/${home}`]!.verified.result, 'there');
    const second = await run('once', '-Path', config);
    assert.match(second.output, /Outcome=unchanged/);
  });

  await t.test('run takes up what changes; a second one exits with 75; it ends when asked', async (t) => {
    const agent = startScript(['run', '-Path', config]);
    t.after(() => agent.child.kill('SIGKILL'));
    const log = (): string =>
      existsSync(join(folder, 'agent.log')) ? readFileSync(join(folder, 'agent.log'), 'utf8') : '';
    await until('started', () => log().includes('"started"'));
    writeFileSync(join(folder, 'four'), '198.51.100.78');
    writeFileSync(config, stringify({ ...document, hosts: [{ name: home }, { name: vpn, ipv6: false }] }));
    await until('changed', () => log().includes('198.51.100.78'));
    await until('both', () => log().split('"changed"').length >= 4);
    await assertPublished(server, home, { ipv4: '198.51.100.78', ipv6: '2001:db8::77' });
    await assertPublished(server, vpn, { ipv4: '198.51.100.78' });

    const second = await run('run', '-Path', config);
    assert.equal(second.code, 75, second.errors);
    assert.match(second.errors, new RegExp(`process ${agent.child.pid}\\b`));

    const status = await run('status', '-Path', config, '-Json');
    assert.equal(status.code, 0, status.output + status.errors);
    const hosts = JSON.parse(status.output) as {
      Host: string;
      IPv4: string;
      Running: boolean;
      ExitCode: number;
      InDns: boolean;
    }[];
    assert.deepEqual(
      hosts.map(({ Host, IPv4, Running }) => [Host, IPv4, Running]),
      [
        [home, '198.51.100.78', true],
        [vpn, '198.51.100.78', true],
      ],
    );

    const asked = Date.now();
    writeFileSync(join(folder, 'stop'), '');
    const ended = await agent.ended;
    assert.equal(ended.code, 0, ended.errors);
    assert.ok(Date.now() - asked < 15_000);
    assert.ok(!existsSync(join(folder, 'stop')));
    assert.match(log().trimEnd().split('\n').at(-1)!, /"ended"/);
    assert.ok(!`${log()}${readFileSync(join(folder, 'state.json'), 'utf8')}`.includes(server.token), 'A-6.4');
    assert.equal((await run('status', '-Path', config)).code, 3);
  });

  await t.test('other exit codes', async () => {
    const before = ['four', 'six'].map((name) => readFileSync(join(folder, name), 'utf8'));
    for (const name of ['four', 'six']) writeFileSync(join(folder, name), '');
    assert.equal((await run('once', '-Path', config)).code, 1, 'no address');
    assert.equal((await run('status', '-Path', config)).code, 1);
    for (const [n, name] of ['four', 'six'].entries()) writeFileSync(join(folder, name), before[n]!);
    secretFile(folder, 'home.token', 'wrong');
    writeFileSync(join(folder, 'four'), '198.51.100.79');
    const wrong = await run('once', '-Path', config);
    assert.equal(wrong.code, 2, wrong.output + wrong.errors);
    assert.equal((await run('status', '-Path', config)).code, 2);
    assert.equal((await run('frobnicate')).code, 64);
    writeFileSync(config, 'servers: {}\nhostss: []\n');
    const invalid = await run('check', '-Path', config);
    assert.equal(invalid.code, 78);
    assert.equal((await run('run', '-Path', config)).code, 78);
  });
});

test('the functions for people: a configuration, a secret, addresses, -WhatIf', { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-agent-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const config = join(folder, 'agent.json');
  const made = `New-HomingConfiguration -Path ${quote(config)} -Server http://127.0.0.1:9 -User alice -HostName a.example.org, b.example.org`;
  await engine!.run(`${made} -WhatIf`);
  assert.ok(!existsSync(config));
  assert.deepEqual(await engine!.run(made), [config]);
  assert.match((await engine!.try(made)).thrown!.id, /^HomingConfigurationThere/);
  assert.match((await engine!.try(`${made} -Force -Interval 5s`)).thrown!.message, /interval: from 30 s/);
  const check = `Test-HomingConfiguration ${quote(config)} | ForEach-Object { $_.Faults }`;
  assert.match((await engine!.run(check)).join(), /home\.token is not there/);
  writeFileSync(join(folder, 'home.token'), 'clear\n');
  assert.match((await engine!.run(check)).join(), /can be read by others; mend it: chmod 600/, 'A-6.2');
  await engine!.run(`Protect-HomingSecret -Path ${quote(join(folder, 'home.token'))}`);
  assert.deepEqual(await engine!.run(check), []);
  assert.deepEqual(await engine!.run(`Get-HomingStatus ${quote(config)}`), []);
  const address = await engine!.run(
    `Get-HomingAddress -Path ${quote(config)} -Family ipv4 | ForEach-Object { "$($_.Address)|$($_.Answers.Count)" }`,
  );
  assert.deepEqual(address, ['|3']);
  // A-1.8: the other default sources are asked through a proxy that is not there.
  const server = await startScriptedServer();
  t.after(() => server.close());
  server.say({ status: 200, body: '9.9.9.9' });
  const set = (value: string): string => `[Environment]::SetEnvironmentVariable('HTTPS_PROXY', ${value})`;
  const lone = await engine!.run(`
    ${made.replace('127.0.0.1:9', `127.0.0.1:${server.port}`)} -Force | ForEach-Object { }
    ${set("'http://127.0.0.1:9'")}
    try { Get-HomingAddress -Path ${quote(config)} -Family ipv4 | ForEach-Object { "$($_.Address)|$($_.Answers.Count)|$($_.Words)" } } finally { ${set('$null')} }`);
  assert.deepEqual(lone, ['9.9.9.9|3|']);
  const install = await engine!.try('Install-HomingAgent -Server https://x.example -WhatIf');
  assert.match(install.thrown!.id, /^HomingWindowsOnly/);
});
