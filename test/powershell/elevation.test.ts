/**
 * What the installer does with more rights than who started it: it runs what was read before the rights were asked for,
 * takes no folder that somebody else laid out, and asks a busy server again.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startScriptedServer } from '../clients/scripted/server.ts';
import { MODULE, buildHost, quote, startEngine } from './engine.ts';

const host = await buildHost();
const skip = 'skip' in host ? host.skip : false;
const folder = mkdtempSync(join(tmpdir(), 'homing-elevation-'));
const engine = 'path' in host ? await startEngine(host.path, { TMPDIR: folder }) : undefined;
after(async () => {
  await engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Makes the installer's own functions known, without running it. */
const DEFINE = `
  $ast = [Management.Automation.Language.Parser]::ParseFile(${quote(join(MODULE, '..', 'install.ps1'))}, [ref] $null, [ref] $null)
  foreach ($f in $ast.FindAll({ param($n) $n -is [Management.Automation.Language.FunctionDefinitionAst] }, $true)) { . ([scriptblock]::Create($f.Extent.Text)) }`;

test('what runs with more rights is what was read before they were asked for', { skip }, async () => {
  const script = join(folder, "it's.ps1");
  const answers = join(folder, 'answers.xml');
  const text = `\uFEFFparam([string[]] $HostName, [switch] $Quiet, [string] $Token)
    $global:Shown = "$($HostName -join '+') $Quiet $Token [$PSCommandPath]"
    $global:LASTEXITCODE = 7`;
  const begin = async (meanwhile: string): Promise<readonly string[]> => {
    writeFileSync(script, text);
    return engine!.run(`${DEFINE}
      $global:Shown = 'not run'
      $told = [Text.Encoding]::UTF8.GetBytes([Management.Automation.PSSerializer]::Serialize(@{ HostName = [string[]] @('a', 'b'); Quiet = $true; Token = "t'\`$k" }))
      [IO.File]::WriteAllBytes(${quote(answers)}, $told)
      $command = New-HomingElevation (Get-HomingDigest ([IO.File]::ReadAllBytes(${quote(script)}))) ${quote(script)} ${quote(answers)} (Get-HomingDigest $told)
      ${meanwhile}
      . ([scriptblock]::Create($command))
      "$code $global:Shown"`);
  };
  assert.deepEqual(await begin(''), ["7 a+b True t'$k []"]);
  assert.deepEqual(await begin(`[IO.File]::AppendAllText(${quote(script)}, ' ')`), ['1 not run']);
  assert.deepEqual(await begin(`[IO.File]::AppendAllText(${quote(answers)}, ' ')`), ['1 not run']);
  assert.deepEqual(await begin(`[IO.File]::Delete(${quote(script)})`), ['1 not run']);
});

test('a folder that somebody else laid out is not taken over', { skip }, async () => {
  const owners = `{ param($Item) if ($Item.Name -ceq 'theirs') { 'S-1-5-21-1-2-3-1001' } elseif ($Item.Name -ceq 'gone') { throw [IO.FileNotFoundException]::new('x') } else { 'S-1-5-80-1-2-3-4-5' } }`;
  const words = async (path: string): Promise<string> =>
    (await engine!.ask(`Test-HomingFolder ${quote(path)} ${owners}`)) as string;
  const data = join(folder, 'data');
  assert.equal(await words(data), '');
  mkdirSync(join(data, 'sub'), { recursive: true });
  writeFileSync(join(data, 'sub', 'agent.json'), '{}');
  writeFileSync(join(data, 'gone'), '');
  assert.equal(await words(data), '');
  writeFileSync(join(data, 'sub', 'theirs'), '{}');
  assert.match(await words(data), /theirs belongs to another user \(S-1-5-21-1-2-3-1001\)/);
  rmSync(join(data, 'sub', 'theirs'));
  symlinkSync('/etc', join(data, 'sub', 'link'));
  assert.match(await words(data), /link is a link/);
  symlinkSync(data, join(folder, 'theirs'));
  assert.match(await words(join(folder, 'theirs')), /theirs is a link/);
  const trusted = [
    'S-1-5-18',
    'S-1-5-32-544',
    'S-1-5-19',
    'S-1-5-80-7',
    'S-1-5-32-545',
    'S-1-5-21-9',
    'S-1-1-0',
    '',
  ];
  assert.deepEqual(
    await engine!.ask(`, @(foreach ($sid in @(${trusted.map(quote).join(',')})) { Test-HomingOwner $sid })`),
    [true, true, true, true, false, false, false, false],
  );
});

test('a server that is busy is asked again for a file, and then for an enrolment', { skip }, async (t) => {
  const server = await startScriptedServer();
  t.after(() => server.close());
  const base = `http://127.0.0.1:${server.port}`;
  const busy = {
    status: 503,
    headers: { 'retry-after': '0' },
    body: '{"error":"overloaded","message":"Busy."}',
  };
  server.say((_request, count) => (count <= 2 ? busy : { status: 200, body: 'whole' }));
  const fetch = `${DEFINE}; Get-HomingDigest (Receive-HomingFile ${quote(base)} 'x.zip' 50)`;
  assert.deepEqual(await engine!.run(fetch), [createHash('sha256').update('whole').digest('hex')]);
  assert.equal(server.requests.length, 3);
  server.say({ status: 404, body: '' });
  assert.match((await engine!.try(fetch)).thrown!.message, /404/);
  assert.equal(server.requests.length, 4, 'what is not there is not asked for again');

  const before = server.requests.length;
  const token = '{"host":"shop-7.dyn.example.org","user":"alice","token":"t0ken"}';
  server.say(() => (server.requests.length - before <= 1 ? busy : { status: 201, body: token }));
  const path = quote(join(folder, 'enrolled', 'agent.json'));
  const command = `(Register-HomingMachine -Server ${base} -Code X -Name shop-7 -Serial S7 -Path ${path}).Host`;
  assert.deepEqual(await engine!.run(command), ['shop-7.dyn.example.org']);
  assert.equal(server.requests.length - before, 2);
  const waits = await engine!.ask(
    `, @(foreach ($after in '7', '86400', '', 'soon') { Get-HomingBusyWait @{ Headers = @{ 'retry-after' = $after } } })`,
  );
  assert.deepEqual(waits, [7000, 60_000, 5000, 5000]);
});
