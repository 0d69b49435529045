/**
 * The place of the only agent on systems with sockets in a directory: who has it, who is gone, many at
 * once. Each holder is a process of its own, so that it can be ended in the middle of anything.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { askSocket, holdSocket } from '../../clients/agent/src/platform/held-socket.ts';
import { newHome } from './agent-here.ts';

const MAIN = fileURLToPath(new URL('../../clients/agent/src/main.ts', import.meta.url));
const PLATFORM = new URL('../../clients/agent/src/platform/', import.meta.url);
const WAYS = { sockets: 'held-socket.ts', handle: 'held-handle.ts' } as const;

const placeOf = (t: TestContext, name = 'place'): string => join(newHome(t, 'none-of-this').directory, name);
const files = (directory: string): readonly string[] => readdirSync(directory).sort();

/** A process that takes the place at a moment, says so, and stays; it ends with the test. */
async function startHolder(
  t: TestContext,
  directory: string,
  about: { readonly at?: number; readonly uid?: number; readonly way?: keyof typeof WAYS } = {},
): Promise<{ readonly child: ChildProcess; readonly answer: Record<string, unknown> }> {
  const { at = 0, uid, way = 'sockets' } = about;
  const module = new URL(WAYS[way], PLATFORM).href;
  const source = `const way = await import(${JSON.stringify(module)});
    while (Date.now() < ${at}) await new Promise((wake) => setTimeout(wake, 1));
    console.log(JSON.stringify(await (way.holdSocket ?? way.holdHandle)(${JSON.stringify(directory)})));
    setInterval(() => undefined, 1000);`;
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', source],
    uid === undefined ? {} : { uid },
  );
  t.after(() => child.kill('SIGKILL'));
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, answer: JSON.parse(chunk.toString()) as Record<string, unknown> };
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

test('A-7.2 the place is given back, and names its process while it is held', async (t) => {
  const directory = placeOf(t);
  assert.equal(await askSocket(directory), undefined);
  const held = await holdSocket(directory);
  assert.ok(held.ok);
  assert.deepEqual(await holdSocket(directory), { ok: false, reason: 'held', pid: process.pid });
  assert.equal((await askSocket(directory))?.pid, process.pid);
  const socket = files(directory).find((name) => statSync(join(directory, name)).isSocket())!;
  assert.equal(statSync(join(directory, socket)).mode & 0o777, 0o600, 'nobody else may even ask');
  await held.release();
  assert.deepEqual(files(directory), [], 'nothing is left');
  assert.equal(await askSocket(directory), undefined);
});

test('A-7.2 what a process that was killed has left counts for nothing and goes', async (t) => {
  const directory = placeOf(t);
  const { child, answer } = await startHolder(t, directory);
  assert.equal(answer['ok'], true);
  assert.deepEqual(await holdSocket(directory), { ok: false, reason: 'held', pid: child.pid });
  await kill(child);
  assert.equal(files(directory).length, 2, 'its socket and its mark');
  assert.equal(await askSocket(directory), undefined);
  const held = await holdSocket(directory);
  assert.ok(held.ok);
  assert.equal(files(directory).length, 2, 'those of the new one');
  await held.release();
});

test('A-7.2 a process that is stopped has its place all the same', async (t) => {
  const directory = placeOf(t);
  const { child } = await startHolder(t, directory);
  child.kill('SIGSTOP');
  assert.deepEqual(await holdSocket(directory), { ok: false, reason: 'held', pid: child.pid });
});

test('A-7.2 of many that start at once, and find what is left of others, one has the place', async (t) => {
  const directory = placeOf(t);
  for (let round = 0; round < 3; round++) {
    const at = Date.now() + 1500;
    const started = await Promise.all(Array.from({ length: 6 }, () => startHolder(t, directory, { at })));
    const held = started.filter(({ answer }) => answer['ok'] === true);
    assert.equal(held.length, 1, JSON.stringify(started.map(({ answer }) => answer)));
    for (const { answer } of started) assert.notEqual(answer['reason'], 'barred');
    // The next round finds the socket and the mark of the one that had it.
    await Promise.all(started.map(({ child }) => kill(child)));
    assert.ok(files(directory).length >= 2);
  }
});

test('A-7.2 one that gives up while it is asked bars nobody', async (t) => {
  const directory = placeOf(t);
  mkdirSync(directory);
  const server = createServer();
  server.listen(join(directory, `agent.lock.${'0'.repeat(16)}.4242`));
  await once(server, 'listening');
  // The question is in its queue, unaccepted, when it closes.
  const asked = holdSocket(directory);
  server.close();
  const held = await asked;
  assert.ok(held.ok, JSON.stringify(held));
  await held.release();
});

test('A-7.2 of many that start in every order, one has the place', async (t) => {
  const directory = placeOf(t);
  for (let round = 0; round < 40; round++) {
    const tries = Array.from({ length: 5 }, async (_, i) => {
      await new Promise((wake) => setTimeout(wake, (i * round) % 7));
      return holdSocket(directory);
    });
    const held = (await Promise.all(tries)).filter((hold) => hold.ok);
    assert.equal(held.length, 1);
    await Promise.all(held.map((hold) => hold.release()));
    assert.deepEqual(files(directory), []);
  }
});

test('A-7.3 one that only tries is waited for, or goes before; its name says which', async (t) => {
  const directory = placeOf(t);
  mkdirSync(directory);
  const trying = async (word: string): Promise<() => Promise<void>> => {
    const server = createServer((socket) => socket.destroy());
    server.listen(join(directory, `agent.lock.${word.repeat(16)}.4242`));
    await once(server, 'listening');
    return () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
      });
  };
  const endFirst = await trying('0');
  assert.equal(await askSocket(directory), undefined, 'it has nothing yet');
  assert.deepEqual(await holdSocket(directory), { ok: false, reason: 'held', pid: 4242 });
  await endFirst();
  const endLast = await trying('f');
  const waiting = holdSocket(directory);
  setTimeout(() => void endLast(), 300);
  const held = await waiting;
  assert.ok(held.ok, 'the last by name has given up');
  await held.release();
});

test('A-7.3 a socket that is not listening yet is left alone, one that is left over goes', async (t) => {
  const directory = placeOf(t);
  mkdirSync(directory);
  const names = ['a', 'b'].map((word) => `agent.lock.${word.repeat(16)}.4242.new`);
  for (const name of names) writeFileSync(join(directory, name), '');
  const longAgo = Date.now() / 1000 - 3600;
  utimesSync(join(directory, names[1]!), longAgo, longAgo);
  writeFileSync(join(directory, 'agent.lock'), 'of Windows');
  const held = await holdSocket(directory);
  assert.ok(held.ok);
  await held.release();
  assert.deepEqual(files(directory), ['agent.lock', names[0]]);
});

test('A-7.3 a directory whose path is longer than that of a socket', async (t) => {
  if (process.platform !== 'linux') t.skip('needs Linux');
  const directory = placeOf(t, join('d'.repeat(100), 'e'.repeat(100)));
  const { child } = await startHolder(t, directory);
  assert.equal((await askSocket(directory))?.pid, child.pid);
  await kill(child);
  const held = await holdSocket(directory);
  assert.ok(held.ok);
  await held.release();
  assert.deepEqual(files(directory), []);
});

test('A-7.4 who may not write there cannot take the place, nor ask; the command says so with 77', async (t) => {
  if (process.getuid?.() !== 0) t.skip('needs root, to be somebody else');
  const home = newHome(t, 'none-of-this');
  const directory = home.state;
  mkdirSync(directory, { recursive: true });
  for (const path of [home.directory, directory]) chmodSync(path, 0o755);
  const { child, answer } = await startHolder(t, directory, { uid: 65_534 });
  assert.equal(answer['reason'], 'barred');
  await kill(child);
  // The way of Windows, with this system's rights.
  const alone = await startHolder(t, directory, { uid: 65_534, way: 'handle' });
  assert.equal(alone.answer['reason'], 'barred');
  assert.match(String(alone.answer['message']), /agent\.lock cannot be opened/);
  assert.deepEqual(files(directory), [], 'they left nothing');

  // Somebody's agent in a directory of somebody else's: not to be asked, and not said to run.
  chmodSync(directory, 0o777);
  const held = await holdSocket(directory);
  assert.ok(held.ok);
  const { answer: other } = await startHolder(t, directory, { uid: 65_534 });
  assert.equal(other['reason'], 'barred');
  assert.match(String(other['message']), /cannot be asked whether an agent runs/);
  await held.release();
  chmodSync(directory, 0o755);

  const run = spawn(process.execPath, [MAIN, 'once', ...home.places], { uid: 65_534 });
  let words = '';
  run.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
  const [code] = (await once(run, 'close')) as [number];
  assert.equal(code, 77, words);
  assert.match(words, /is not for this account to write to/);
});
