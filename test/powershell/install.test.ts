/**
 * The installer and enrolment as far as they are not Windows itself: what is fetched and compared, what is asked and tried,
 * what would be done in which order, the task, the service's command line, events.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startScriptedServer } from '../clients/scripted/server.ts';
import { startScenario } from '../interop/programs.ts';
import { MODULE, buildHost, quote, startEngine } from './engine.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const folder = mkdtempSync(join(tmpdir(), 'homing-install-'));
const engine = 'path' in host ? await startEngine(host.path, { TMPDIR: folder }) : undefined;
const INSTALLER = join(MODULE, '..', 'install.ps1');
after(async () => {
  await engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the installer's own functions known, without running it. */
const DEFINE = `
  $ast = [Management.Automation.Language.Parser]::ParseFile(${quote(INSTALLER)}, [ref] $null, [ref] $null)
  foreach ($f in $ast.FindAll({ param($n) $n -is [Management.Automation.Language.FunctionDefinitionAst] }, $true)) { . ([scriptblock]::Create($f.Extent.Text)) }`;

test('the package comes from the server, and is run only with the right checksum', { skip }, async (t) => {
  const zip = join(folder, 'module.zip');
  await engine!.run(
    `[void] [Reflection.Assembly]::Load('System.IO.Compression.ZipFile'); [IO.Compression.ZipFile]::CreateFromDirectory(${quote(MODULE)}, ${quote(zip)}, 'Fastest', $true)`,
  );
  const octets = readFileSync(zip);
  const service = Buffer.from('MZ a program');
  const sum = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  let wrong = false;
  const server = await startScriptedServer();
  t.after(() => server.close());
  server.say(({ path }) => {
    const name = path.replace('/clients/', '');
    const files: Readonly<Record<string, Buffer>> = {
      'checksums.txt': Buffer.from(
        `${sum(octets)}  homing-powershell.zip\n${sum(wrong ? octets : service)}  homing-service.exe\n`,
      ),
      'homing-powershell.zip': octets,
      'homing-service.exe': service,
    };
    const file = files[name];
    return file === undefined
      ? { status: 404, body: '' }
      : { status: 200, bodyBase64: file.toString('base64') };
  });
  const base = `http://127.0.0.1:${server.port}`;
  const fetched = (await engine!.run(`${DEFINE}; Save-HomingPackage ${quote(base)} $true`))[0]!;
  assert.deepEqual(
    readFileSync(join(fetched, 'Homing', 'Homing.psd1')),
    readFileSync(join(MODULE, 'Homing.psd1')),
  );
  assert.deepEqual(readFileSync(join(fetched, 'homing-service.exe')), service);
  wrong = true;
  const refused = await engine!.try(`${DEFINE}; Save-HomingPackage ${quote(base)} $true`);
  assert.match(refused.thrown!.message, /homing-service\.exe from .* is not what its checksum says/);
  const left = readdirSync(folder).filter(
    (name) => /^homing-[0-9a-f]{32}$/.test(name) && existsSync(join(folder, name, 'homing-service.exe')),
  );
  assert.equal(left.length, 1, 'what is wrong is never written');
  const bases = await engine!.run(
    `${DEFINE}; Resolve-HomingBase 'ddns.example.org/x' $false; Resolve-HomingBase 'http://127.0.0.1:80' $false; Resolve-HomingBase 'http://d.example' $true`,
  );
  assert.deepEqual(bases, ['https://ddns.example.org', 'http://127.0.0.1', 'http://d.example']);
  assert.match(
    (await engine!.try(`${DEFINE}; Resolve-HomingBase 'http://d.example' $false`)).thrown!.message,
    /is not https:/,
  );
});

test(
  'A-10: a machine enrols, also where the first reply is lost; the code is kept nowhere',
  { skip },
  async (t) => {
    const server = await startScriptedServer();
    t.after(() => server.close());
    const home = join(folder, 'enrolled');
    server.say((_request, count) =>
      count === 1
        ? { reset: 'request' }
        : {
            status: 201,
            headers: { 'content-type': 'application/json' },
            body: '{"host":"shop-7.dyn.example.org","user":"alice","token":"t0ken","zone":"dyn.example.org","update":"/nic/update","servers":["127.0.0.1"]}',
          },
    );
    const path = join(home, 'agent.json');
    const command = `Register-HomingMachine -Server http://127.0.0.1:${server.port} -Code 7GQ2-MX41 -Name shop-7 -Serial S/N7 -Path ${quote(path)}`;
    await engine!.run(`${command} -WhatIf`);
    assert.equal(server.requests.length, 0);
    assert.deepEqual(await engine!.run(`(${command}).Host`), ['shop-7.dyn.example.org']);
    assert.equal(server.requests.length, 2);
    const { method, path: target, headers, body } = server.requests[1]!;
    assert.deepEqual([method, target, headers['content-type']], ['POST', '/enroll', 'application/json']);
    assert.deepEqual(JSON.parse(body), { code: '7GQ2-MX41', name: 'shop-7', serial: 'S/N7' });
    assert.equal(readFileSync(join(home, 'home.token'), 'utf8'), 't0ken\n');
    assert.equal(statSync(join(home, 'home.token')).mode & 0o777, 0o600);
    for (const name of readdirSync(home))
      assert.ok(!readFileSync(join(home, name), 'utf8').includes('7GQ2'), name);
    assert.deepEqual(await engine!.run(`(Test-HomingConfiguration ${quote(path)}).Valid`), ['True']);
    server.say({
      status: 403,
      body: '{"error":"expired-code","message":"This enrolment code has expired. Ask for a new one."}',
    });
    const refused = await engine!.try(`${command} -Force`);
    assert.match(refused.thrown!.message, /did not enrol this machine\. This enrolment code has expired/);
    const there = await engine!.try(command);
    assert.match(there.thrown!.message, /is there already/);
    const clear = await engine!.try(`${command.replace('http://127.0.0.1', 'http://d.example')} -Force`);
    assert.match(clear.thrown!.message, /over http/, 'the code goes nowhere in the clear');
  },
);

test('an installation is asked for, tried, and planned before its first step', { skip }, async (t) => {
  const server = await startScriptedServer();
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.port}`;
  let word = 'badauth';
  server.say(({ path }) => ({ status: 200, body: path === '/ip' ? '9.9.9.9' : word }));
  const answers = join(folder, 'answers.json');
  writeFileSync(
    answers,
    JSON.stringify({
      server: url,
      hostName: 'pc.example.org',
      user: 'alice',
      token: 'clear-token',
      mode: 'task',
      interval: '1m',
    }),
  );
  const plan = (more: string): string => `
    $layout = @{ Program = '/p'; Data = '/d'; Path = '/d/agent.json'; Token = '/d/home.token'; Module = '/p/Homing'; Service = '/p/homing-service.exe'; PowerShell = 'C:\\powershell.exe' }
    $given = @{ Server = ''; HostName = @(); User = ''; Token = ''; Code = ''; Name = ''; Serial = ''; Interval = ''; Mode = ''; AllowHttp = $false; Unattended = $true }
    Merge-HomingAnswer $given ${quote(answers)}
    $plan = New-HomingInstallPlan $given $layout '' $false
    ${more}`;
  const refused = await engine!.try(
    `& (Get-Module Homing) { ${plan('Complete-HomingInstallPlan $plan $given')} }`,
  );
  assert.match(refused.thrown!.message, /pc\.example\.org: The server does not accept user and secret/);
  word = 'good';
  const made = (await engine!.ask(
    plan(
      `Complete-HomingInstallPlan $plan $given; @{ document = $plan.Document; steps = @(Get-HomingInstallStep $plan | ForEach-Object { $_.Name }); undo = @(Get-HomingUninstallStep $layout $false | ForEach-Object { $_.Name }) }`,
    ),
  )) as { document: { interval: string; servers: unknown }; steps: string[]; undo: string[] };
  assert.equal(made.document.interval, '1m');
  assert.ok(
    !JSON.stringify(made).includes('clear-token'),
    'the token stands in no step and not in the configuration',
  );
  assert.deepEqual(made.steps, [
    'stop what runs',
    'copy the module to /p/Homing',
    'guard /d',
    'write the protected token to /d/home.token',
    'write /d/agent.json',
    'remove the service, if there is one',
    'register the event source',
    'let the task read /d/home.token',
    'make the scheduled task and run it',
  ]);
  assert.deepEqual(made.undo.slice(-2), ['delete /d', 'delete /p']);
  // The same roll-out at the next start: what is there stays, unless other hosts or another server are asked for.
  const there = join(folder, 'there.json');
  writeFileSync(
    there,
    JSON.stringify({
      servers: { home: { url, secret: { env: 'PATH' } } },
      hosts: [{ name: 'pc.example.org' }],
    }),
  );
  const kept = (given: string): Promise<unknown> =>
    engine!.ask(
      `Test-HomingKept (@{ Server = ''; HostName = @(); Code = '' } + @{} | ForEach-Object { ${given}; $_ }) ${quote(there)}`,
    );
  assert.equal(await kept(`$_.Server = '${url}/'; $_.Code = 'X'`), true);
  assert.equal(await kept(`$_.HostName = @('pc.example.org')`), true);
  assert.equal(await kept(`$_.HostName = @('other.example.org')`), false);
  assert.equal(await kept(`$_.Server = 'https://elsewhere.example'; $_.Code = 'X'`), false);
  writeFileSync(answers, '{"sever":"x"}');
  assert.match(
    (await engine!.try(`& (Get-Module Homing) { ${plan('')} }`)).thrown!.message,
    /no answer 'sever'; did you mean 'server'/,
  );
  writeFileSync(answers, `{"server":"${url}"}`);
  assert.match(
    (await engine!.try(`& (Get-Module Homing) { ${plan('Complete-HomingInstallPlan $plan $given')} }`))
      .thrown!.message,
    /-HostName, or -Code, is missing/,
  );
});

test(
  'the script as a server hands it out, run as text: refused in words, and nothing of it stays',
  { skip },
  async (t) => {
    const server = await startScenario(t);
    const url = `http://127.0.0.1:${server.httpPort}`;
    // One of its own: other tests have left the installer's functions in the other.
    const fresh = await startEngine((host as { path: string }).path);
    t.after(() => fresh.close());
    const { output, thrown, errors } = await fresh.try(`
    $said = [IO.StringWriter]::new()
    $before = [Console]::Error
    [Console]::SetError($said)
    # What iex does: the engine alone has no command of that name.
    try { . ([scriptblock]::Create([Net.WebClient]::new().DownloadString('${url}/install.ps1'))) } finally { [Console]::SetError($before) }
    [string] $LASTEXITCODE
    $said.ToString().Trim()
    [string] @(Get-Command Receive-HomingFile, Invoke-HomingSetup -ErrorAction Ignore).Count
    [string] ($null -ne $ExecutionContext.SessionState.PSVariable.Get('HomingServer'))`);
    assert.equal(thrown, null);
    assert.deepEqual(errors, []);
    assert.deepEqual(output, [
      '1',
      'install.ps1: this installs on Windows; for Linux there is homing-agent install',
      '0',
      'False',
    ]);
  },
);

test(
  'the task is XML with its three triggers, under LocalService; arguments are quoted as Windows reads them',
  { skip },
  async () => {
    const shown = (await engine!.ask(`
    $xml = [xml] (New-HomingTaskXml 'C:\\Windows\\powershell.exe' 'C:\\Program Files\\A & B\\agent.ps1' 'C:\\ProgramData\\Homing\\agent.json')
    @{ triggers = @($xml.Task.Triggers.ChildNodes | ForEach-Object { $_.Name }); every = $xml.Task.Triggers.TimeTrigger.Repetition.Interval
      event = ([xml] $xml.Task.Triggers.EventTrigger.Subscription).QueryList.Query.Select.InnerText; user = $xml.Task.Principals.Principal.UserId
      arguments = $xml.Task.Actions.Exec.Arguments; service = (Get-HomingServiceArgument 'C:\\p.exe' 'C:\\Program Files\\agent.ps1' '/data/agent.json')
      quoted = @(foreach ($text in 'plain', 'two words', 'a"b', 'end\\ here\\', '') { Format-HomingArgument $text }) }`)) as Record<
      string,
      unknown
    >;
    assert.deepEqual(shown['triggers'], ['BootTrigger', 'TimeTrigger', 'EventTrigger']);
    assert.equal(shown['every'], 'PT5M');
    assert.equal(shown['event'], '*[System[EventID=10000]]');
    assert.equal(shown['user'], 'S-1-5-19');
    assert.match(
      String(shown['arguments']),
      /-File "C:\\Program Files\\A & B\\agent\.ps1" once -Path "C:\\ProgramData\\Homing\\agent\.json"$/,
    );
    assert.equal(
      shown['service'],
      'install --name HomingAgent --data /data --agent C:\\p.exe --command "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File \\"C:\\Program Files\\agent.ps1\\" run -Path \\"/data/agent.json\\""',
    );
    // The default configuration is not named: it may become a file with another ending.
    const bare = await engine!.ask(
      `$path = Get-HomingConfigurationPath; , @((Get-HomingServiceArgument 'p' 's' $path), ([xml] (New-HomingTaskXml 'p' 's' ([IO.Path]::ChangeExtension($path, '.yaml')))).Task.Actions.Exec.Arguments)`,
    );
    for (const line of bare as string[]) assert.doesNotMatch(line, /-Path/);
    assert.deepEqual(shown['quoted'], ['plain', '"two words"', '"a\\"b"', '"end\\ here\\\\"', '""']);
  },
);

test(
  'A-8.3: events have their ids; a log that cannot be written stops nothing; access rules name who may',
  { skip },
  async () => {
    const blocked = join(folder, 'blocked');
    mkdirSync(blocked);
    const events = await engine!.ask(`
    $script:Sent = [Collections.Generic.List[object]]::new()
    $log = New-HomingLog @{ File = ${quote(blocked)}; Level = 'info'; MaxSize = 1000; Keep = 1 } '/' { param($Id, $Kind, $Text) $script:Sent.Add("$Id $Kind") }
    foreach ($name in 'started', 'changed', 'failed', 'stopped', 'missing', 'recovered', 'reloaded', 'refused', 'unchanged', 'ended') { Write-HomingLog $log $name 'words' $null }
    Write-HomingLog $log 'failed' 'again' $null -Quiet
    , $script:Sent.ToArray()`);
    assert.deepEqual(events, [
      '1200 Warning',
      '1000 Information',
      '1100 Information',
      '1200 Warning',
      '1201 Error',
      '1202 Warning',
      '1300 Information',
      '1400 Information',
      '1401 Error',
      '1001 Information',
    ]);
    assert.equal(
      await engine!.ask(`Get-HomingAccessRule @('S-1-5-19') 'FR'`),
      'D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;S-1-5-19)',
    );
  },
);
