/** Password hashing: what it stores, what it refuses, and that it leaves the event loop and the process alone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import {
  type PasswordHasher,
  type PasswordHasherOptions,
  PasswordError,
  type PasswordErrorCode,
  type PasswordSource,
  createPasswordHasher,
} from '../../../src/account/password.ts';
import { loadCLibrary } from '../../../src/ops/system/native-library.ts';

const SOURCES = new URL('../../../src/account/', import.meta.url);

function hasherFor(t: TestContext, options: PasswordHasherOptions): PasswordHasher {
  const hasher = createPasswordHasher({ threads: 1, ...options });
  t.after(() => hasher.close());
  return hasher;
}

function rejectsWith(promise: Promise<unknown>, code: PasswordErrorCode): Promise<void> {
  return assert.rejects(promise, (error) => error instanceof PasswordError && error.code === code);
}

test('a password proves right against its own hash only', async (t) => {
  const hasher = hasherFor(t, { cost: 4 });
  const [hash, again] = await Promise.all([hasher.hash('correct horse'), hasher.hash('correct horse')]);
  assert.match(hash, /^\$2b\$04\$.{53}$/);
  assert.notEqual(hash, again, 'each has its own salt');
  assert.equal(await hasher.verify('correct horse', hash), true);
  assert.equal(await hasher.verify('correct horse', again), true);
  assert.equal(await hasher.verify('correct horsf', hash), false);
  assert.equal(await hasher.verify('', hash), false);
});

test('the cost is honoured, 12 unless given, and one that bcrypt lacks is refused', async (t) => {
  assert.match(await hasherFor(t, {}).hash('x'), /^\$2b\$12\$/);
  assert.match(await hasherFor(t, { cost: 5 }).hash('x'), /^\$2b\$05\$/);
  for (const cost of [3, 32, 10.5, Number.NaN])
    assert.throws(() => createPasswordHasher({ cost }), RangeError);
});

test('a hash of another cost still proves right', async (t) => {
  const hash = await hasherFor(t, { cost: 5 }).hash('x');
  assert.equal(await hasherFor(t, { cost: 4 }).verify('x', hash), true);
});

test('passwords are not cut at 72 bytes or at a NUL', async (t) => {
  const hasher = hasherFor(t, { cost: 4 });
  for (const [password, other] of [
    ['a'.repeat(72) + 'b', 'a'.repeat(72) + 'c'],
    ['a'.repeat(5000), 'a'.repeat(4999)],
    ['ab\0cd', 'ab\0ce'],
    ['ab\0', 'ab'],
  ] as const) {
    const hash = await hasher.hash(password);
    assert.equal(await hasher.verify(password, hash), true);
    assert.equal(await hasher.verify(other, hash), false);
  }
});

test('composed and decomposed letters are the same password', async (t) => {
  const hasher = hasherFor(t, { cost: 4 });
  assert.equal(await hasher.verify('cafe\u0301', await hasher.hash('caf\u00e9')), true);
});

test('without a hash the same work is done and the answer is no', async (t) => {
  const hasher = hasherFor(t, { cost: 11 });
  const hash = await hasher.hash('x'); // the thread runs now
  for (const stored of [hash, null]) {
    const start = performance.now();
    assert.equal(await hasher.verify('y', stored), false);
    // Some 140 ms on one machine and never below 20; an answer without computing takes well below one.
    assert.ok(performance.now() - start > 20, stored === null ? 'unknown account' : 'known account');
  }
});

test('what is no bcrypt hash is reported, not compared', async (t) => {
  const hasher = hasherFor(t, { cost: 4 });
  for (const stored of ['', 'secret', '$2b$04$short', `$1$04$${'a'.repeat(53)}`])
    await rejectsWith(hasher.verify('secret', stored), 'failed');
  assert.equal(hasher.pending, 0);
});

test('a full queue refuses at once and takes work again when it has drained', async (t) => {
  const hasher = hasherFor(t, { cost: 6, queueLimit: 3 });
  const hash = await hasher.hash('x');
  const admitted = [1, 2, 3, 4].map(() => hasher.verify('x', hash));
  assert.equal(hasher.pending, 4);
  assert.equal(hasher.hasRoom(), false);
  await rejectsWith(hasher.verify('x', hash), 'overloaded');
  await rejectsWith(hasher.hash('x'), 'overloaded');
  assert.deepEqual(await Promise.all(admitted), [true, true, true, true]);
  assert.equal(hasher.pending, 0);
  assert.equal(hasher.hasRoom(), true);
  assert.equal(await hasher.verify('x', hash), true);
});

const stranger = (network: string): PasswordSource => ({ network, isKnown: false });

test('strangers cannot fill the quarter of the queue that is for known networks', async (t) => {
  const hasher = hasherFor(t, { cost: 4, threads: 1, queueLimit: 16, sourceLimit: 3 });
  const hash = await hasher.hash('x');
  const crowd: Promise<boolean>[] = [];
  for (let i = 0; hasher.hasRoom(stranger(`crowd ${i}`)); i++)
    crowd.push(hasher.verify('y', hash, stranger(`crowd ${i}`)));
  assert.equal(crowd.length, 1 + 12);
  await rejectsWith(hasher.verify('x', hash, stranger('another')), 'overloaded');
  const home = [0, 1, 2, 3].map((n) => ({ network: `home ${n >> 1}`, isKnown: true }));
  const known = home.map((source) => hasher.verify('x', hash, source));
  await rejectsWith(hasher.verify('x', hash, { network: 'one more', isKnown: true }), 'overloaded');
  assert.deepEqual(await Promise.all(known), [true, true, true, true]);
  assert.ok((await Promise.all(crowd)).every((right) => !right));
});

test('one source cannot fill the queue', async (t) => {
  const hasher = hasherFor(t, { cost: 4, queueLimit: 16, sourceLimit: 3 });
  const hash = await hasher.hash('x');
  const greedy = [1, 2, 3].map(() => hasher.verify('x', hash, stranger('greedy')));
  await rejectsWith(hasher.verify('x', hash, stranger('greedy')), 'overloaded');
  assert.deepEqual(
    [hasher.hasRoom(stranger('greedy')), hasher.hasRoom(stranger('neighbour'))],
    [false, true],
  );
  const neighbour = hasher.verify('x', hash, stranger('neighbour'));
  assert.equal(await neighbour, true);
  await Promise.all(greedy);
  assert.equal(await hasher.verify('x', hash, stranger('greedy')), true);
});

test('queue limit 0: as many as there are threads, also while they start', async (t) => {
  const hasher = hasherFor(t, { cost: 4, threads: 2, queueLimit: 0 });
  const both = [hasher.hash('x'), hasher.hash('y')];
  await rejectsWith(hasher.hash('z'), 'overloaded');
  assert.equal((await Promise.all(both)).length, 2);
});

test('closing rejects what is under way and what comes after', async (t) => {
  const hasher = hasherFor(t, { cost: 12, threads: 2 });
  const running = [1, 2, 3, 4, 5].map(() => rejectsWith(hasher.hash('x'), 'closed'));
  await hasher.close();
  await Promise.all(running);
  assert.equal(hasher.pending, 0);
  await rejectsWith(hasher.hash('x'), 'closed');
  await rejectsWith(hasher.verify('x', null), 'closed');
  await hasher.close();
});

test('a hasher that was never used closes', async () => {
  await createPasswordHasher().close();
});

test('the event loop turns while 50 passwords are checked', async (t) => {
  const hasher = hasherFor(t, { cost: 6, queueLimit: 64 });
  const hash = await hasher.hash('x');
  let turns = 0;
  let running = true;
  const turn = (): void => {
    turns++;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) => hasher.verify(i % 2 ? 'x' : 'y', hash)),
  );
  running = false;
  assert.equal(answers.filter(Boolean).length, 25);
  // Computed on the event loop, each check would be a turn or two: some hundred in all instead of many thousands.
  assert.ok(turns > 1000, `${turns} turns`);
});

test('the lower priority of the threads is not that of the process', async (t) => {
  const before = getPriority();
  await hasherFor(t, { cost: 4 }).hash('x');
  assert.equal(getPriority(), before);
});

/** The scheduling policies of the threads of this process (sched(7)), from /proc/PID/task/TID/stat. */
function policies(): number[] {
  return readdirSync('/proc/self/task').map((id) => {
    const text = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[38]);
  });
}

const SCHED_IDLE = 5;

test('for a crowd the threads take only idle time, and are as before when it is gone', async (t) => {
  if (process.platform !== 'linux' || typeof loadCLibrary() === 'string') {
    t.skip('needs Linux and the package koffi');
    return;
  }
  const hasher = hasherFor(t, { cost: 4, threads: 1, queueLimit: 16 });
  const hash = await hasher.hash('x');
  assert.equal(policies().includes(SCHED_IDLE), false);
  const crowd = Array.from({ length: 12 }, (_, i) => hasher.verify('y', hash, stranger(`crowd ${i}`)));
  // The first may have begun before the others were there.
  await crowd[1];
  assert.equal(policies().includes(SCHED_IDLE), true);
  // Somebody always waits, but not many.
  let isOver = false;
  const next = async (client: string): Promise<void> => {
    while (!isOver) await hasher.verify('x', hash, stranger(client));
  };
  const few = ['one', 'two', 'three'].map(next);
  await Promise.all(crowd);
  const begin = performance.now();
  // The thread that made way takes its time to end, and is not used any more.
  while (policies().includes(SCHED_IDLE) && performance.now() - begin < 10_000) await sleep(10);
  assert.equal(policies().includes(SCHED_IDLE), false);
  assert.equal(hasher.pending, 3);
  isOver = true;
  await Promise.all(few);
});

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a module of its own process; it must end by itself, well before idle threads do. */
async function run(script: string, directory: string): Promise<Ended> {
  const file = join(directory, 'try.mjs');
  await writeFile(file, script);
  const child = spawn(process.execPath, [file], { cwd: directory, timeout: 20_000 });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => {
      resolve({ code, output });
    });
  });
}

async function directoryFor(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'homing-password-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

function scriptFor(module: string, end: string): string {
  return `import { createPasswordHasher } from ${JSON.stringify(module)};
const hasher = createPasswordHasher({ cost: 4, threads: 2 });
const hash = await hasher.hash('x');
console.log(await hasher.verify('x', hash), await hasher.verify('y', hash));
${end}`;
}

test('a process ends by itself without closing the hasher', async (t) => {
  const script = scriptFor(new URL('password.ts', SOURCES).href, '');
  const { code, output } = await run(script, await directoryFor(t));
  assert.match(output, /^true false$/m);
  assert.equal(code, 0);
});

test('a process goes on to its end after closing the hasher', async (t) => {
  const script = scriptFor(new URL('password.ts', SOURCES).href, `await hasher.close(); console.log('end');`);
  const { code, output } = await run(script, await directoryFor(t));
  assert.match(output, /^true false\nend$/m);
  assert.equal(code, 0);
});

/** Compiles the two modules, and what they need, as the published package has them, into `directory`. */
async function compileInto(directory: string): Promise<string> {
  for (const folder of ['account', 'ops/system'])
    await mkdir(join(directory, 'dist', folder), { recursive: true });
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
  await symlink(modules, join(directory, 'node_modules'), 'junction');
  const names = [
    'account/password',
    'account/password-worker',
    'ops/system/thread-priority',
    'ops/system/native-library',
  ];
  for (const name of names) {
    const { outputText } = ts.transpileModule(await readFile(new URL(`../${name}.ts`, SOURCES), 'utf8'), {
      compilerOptions: {
        target: ts.ScriptTarget.ES2024,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
      },
    });
    await writeFile(join(directory, 'dist', `${name}.js`), outputText);
  }
  return join(directory, 'dist', 'account');
}

test('the compiled modules work as the sources do', async (t) => {
  const directory = await directoryFor(t);
  const module = pathToFileURL(join(await compileInto(directory), 'password.js')).href;
  const { code, output } = await run(scriptFor(module, ''), directory);
  assert.match(output, /^true false$/m);
  assert.equal(code, 0);
});

test('threads that cannot start are a failure with its reason, each time, not a wait without end', async (t) => {
  const directory = await directoryFor(t);
  const compiled = await compileInto(directory);
  await rm(join(compiled, 'password-worker.js'));
  const { createPasswordHasher: createBroken } = (await import(
    pathToFileURL(join(compiled, 'password.js')).href
  )) as { createPasswordHasher: typeof createPasswordHasher };
  const hasher = createBroken({ cost: 4, threads: 2, queueLimit: 8 });
  for (let round = 0; round < 2; round++) {
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => hasher.hash('x')));
    for (const result of results) {
      assert.equal(result.status, 'rejected');
      const error = result.reason as PasswordError;
      assert.equal(error.code, 'failed');
      assert.match(String(error.cause), /password-worker\.js/);
    }
    assert.equal(hasher.pending, 0);
  }
  await hasher.close();
});
