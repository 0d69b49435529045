/**
 * The place of the only agent: the module and the agent for Node with one directory exclude each
 * other; and the module alone as it does it on Windows.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, after, test } from 'node:test';
import { askSocket, holdSocket } from '../../clients/agent/src/platform/held-socket.ts';
import { type Engine, MODULE, buildHost, cleanEnvironment, quote, startEngine } from './engine.ts';

const host = await buildHost();
const skip =
  'skip' in host ? host.skip : process.platform === 'win32' ? 'needs sockets in a directory' : false;
const path = 'path' in host ? host.path : '';
const engine = skip === false ? await startEngine(path) : undefined;
after(() => engine?.close());

interface Answer {
  readonly held: boolean;
  readonly barred: boolean;
  readonly words: string | null;
  readonly process: number;
}

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-place-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Takes the place in an engine; it keeps it until `leave`. */
async function enter(folder: string, one: Engine = engine!): Promise<Answer> {
  return (await one.ask(`
    $script:TestPlace = Enter-HomingPlace ${quote(folder)}
    [ordered] @{ held = $script:TestPlace.Held; barred = $script:TestPlace.Barred; words = $script:TestPlace.Words; process = [Diagnostics.Process]::GetCurrentProcess().Id }`)) as Answer;
}

const leave = (one: Engine = engine!): Promise<unknown> =>
  one.ask('Exit-HomingPlace $script:TestPlace; $true');
const asks = (folder: string): Promise<unknown> => engine!.ask(`Test-HomingPlace ${quote(folder)}`);

test(
  'A-7.2 while the agent for Node runs the module does not, and names its process',
  { skip },
  async (t) => {
    const folder = newFolder(t);
    assert.equal(await asks(folder), false);
    const held = await holdSocket(folder);
    assert.ok(held.ok);
    assert.equal(await asks(folder), true);
    const { held: got, barred, words } = await enter(folder);
    assert.deepEqual([got, barred], [false, false]);
    assert.equal(words, `another agent runs for ${folder}: process ${process.pid}`);
    await held.release();
    assert.equal((await enter(folder)).held, true);
    await leave();
    assert.deepEqual(readdirSync(folder), []);
  },
);

test(
  'A-7.2 while the module runs the agent for Node does not, however often it is asked',
  { skip },
  async (t) => {
    const folder = newFolder(t);
    const { process: pid } = await enter(folder);
    // It answers nobody: connections that wait fill its queue.
    for (let i = 0; i < 400; i++)
      assert.deepEqual(await holdSocket(folder), { ok: false, reason: 'held', pid });
    assert.equal(await asks(folder), true);
    await leave();
    assert.equal(await askSocket(folder), undefined);
    assert.deepEqual(readdirSync(folder), []);
  },
);

test('A-7.2 a module that was ended has nothing any more', { skip }, async (t) => {
  const folder = newFolder(t);
  const other = await startEngine(path);
  const { process: pid } = await enter(folder, other);
  assert.equal((await askSocket(folder))?.pid, pid);
  process.kill(pid, 'SIGKILL');
  await other.close();
  assert.equal(await asks(folder), false);
  assert.equal((await enter(folder)).held, true, "what it left is in nobody's way");
  await leave();
});

test('A-7.3 of both, started at once, one has the place', { skip }, async (t) => {
  const folder = newFolder(t);
  const wins = { node: 0, module: 0 };
  for (let round = 0; round < 40; round++) {
    const late = new Promise((wake) => setTimeout(wake, round % 12));
    const [module, node] = await Promise.all([enter(folder), late.then(() => holdSocket(folder))]);
    assert.notEqual(module.held, node.ok, JSON.stringify([module, node]));
    wins[node.ok ? 'node' : 'module']++;
    if (node.ok) await node.release();
    else await leave();
  }
  t.diagnostic(JSON.stringify(wins));
});

test('A-7.3 on Windows a file that one process alone may have open', { skip }, async (t) => {
  const folder = newFolder(t);
  const other = await startEngine(path);
  t.after(() => other.close());
  for (const one of [engine!, other]) await one.ask(`$script:HomingPlatform.Windows = $true; $true`);
  t.after(() => engine!.ask(`$script:HomingPlatform.Windows = $false; $true`));
  assert.equal(await asks(folder), false, 'there is no file yet');
  const { held, process: pid } = await enter(folder, other);
  assert.equal(held, true);
  assert.deepEqual(readdirSync(folder).sort(), ['agent.lock', 'agent.pid']);
  assert.equal(readFileSync(join(folder, 'agent.pid'), 'utf8'), `${pid}\n`);
  assert.equal(await asks(folder), true);
  const second = await enter(folder);
  assert.equal(second.words, `another agent runs for ${folder}: process ${pid}`);
  await leave(other);
  assert.equal(await asks(folder), false);
  assert.equal((await enter(folder)).held, true);
  await leave();

  // What one may not open is not what runs.
  const foreign = newFolder(t);
  mkdirSync(join(foreign, 'agent.lock'));
  const { held: got, barred, words } = await enter(foreign);
  assert.deepEqual([got, barred], [false, true]);
  assert.match(words!, /is not for this account to write to/);
  assert.equal(await asks(foreign), false);
});

test('A-7.4 who may not write there is told so, with 77', { skip }, async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip('needs root, to be somebody else');
    return;
  }
  const folder = newFolder(t);
  chmodSync(folder, 0o755);
  const servers = { home: { url: 'http://127.0.0.1:9', user: 'alice', secret: { env: 'TOKEN_OF_NOBODY' } } };
  const document = { servers, hosts: [{ name: 'pc.dyn.test' }] };
  writeFileSync(join(folder, 'agent.json'), JSON.stringify(document));
  const script = ['-File', join(MODULE, 'agent.ps1'), 'once', '-Path', join(folder, 'agent.json')];
  const env = { ...cleanEnvironment(), HOME: tmpdir(), TOKEN_OF_NOBODY: 'x' };
  const child = spawn('dotnet', [path, ...script], { env, uid: 65_534, stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 77, words);
  assert.match(words, /is not for this account to write to/);
  assert.deepEqual(readdirSync(folder), ['agent.json']);
});

test('A-8.3 a service host is known by its command line, wherever it is', { skip }, async () => {
  const lines = {
    '"C:\\Program Files\\Homing\\homing-service.exe" run --name "HomingAgent"': true,
    'C:\\Homing\\Homing-Service.exe run': true,
    '"C:\\Program Files\\Other\\not-homing-service.exe" run': false,
    '"C:\\Program Files\\Homing\\homing-service.exe" query': false,
    'C:\\Windows\\system32\\svchost.exe -k "homing-service.exe run"': false,
    '': false,
  };
  for (const [line, expected] of Object.entries(lines))
    assert.equal(await engine!.ask(`Test-HomingHostPath @('svchost.exe', ${quote(line)})`), expected, line);
});
