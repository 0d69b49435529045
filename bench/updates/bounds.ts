/**
 * What does not grow: the memory of lockout and remembered passwords, however many sources and secrets appear, and the
 * queue of changes, however many arrive while the disk is at work; and how little a lone change waits beyond the disk.
 */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLockout } from '../../src/account/lockout/lockout.ts';
import { createAuthenticator } from '../../src/account/create-authenticator.ts';
import { createPasswordHasher } from '../../src/account/password.ts';
import { createVerifiedCredentials } from '../../src/account/verified-credentials.ts';
import { addressFromBytes } from '../../src/net/ip-address.ts';
import { systemClock } from '../../src/ops/clock.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.ts';
import { type Committer, type Intent, createCommitter } from '../../src/update/commit.ts';
import { hostChange, nameOf, provision } from '../provision.ts';
import { type Row, median, withUnit } from '../report.ts';

const HOSTS = 50_000;
const QUEUE_LIMIT = 10_000;
const SOURCES = 1_000_000;
const LONE_CHANGES = 200;
const GUESSES = 20_000;
/** One is computed, and of the queue of 64 strangers may take three quarters. */
const HASH_LIMIT = 1 + 48;

/** The rows of bounds; the directory is not there yet. */
export async function benchBounds(directory: string): Promise<readonly Row[]> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const memory = [lockoutRow(collect), rememberedRow(collect), await passwordsRow()];
  await provision(directory, HOSTS);
  const store = await openEmbeddedStore({ directory, onNotice: () => undefined });
  const committer = createCommitter({ store, clock: systemClock, queueLimit: QUEUE_LIMIT });
  try {
    const lone = await loneRow(directory, committer);
    return [...memory, lone, await queueRow(committer, () => store.view.sequence)];
  } finally {
    await committer.close();
    await store.close();
  }
}

/** Bytes of heap that `work` leaves behind, and those that it allocates for each of its steps. */
function heapOf(collect: () => void, steps: number, work: () => void): { left: number; each: number } {
  collect();
  const before = process.memoryUsage().heapUsed;
  work();
  // Where nothing was collected meanwhile, what is there was allocated; steps are few enough for that.
  const each = (process.memoryUsage().heapUsed - before) / steps;
  collect();
  return { left: process.memoryUsage().heapUsed - before, each };
}

function lockoutRow(collect: () => void): Row {
  const lockout = createLockout({ clock: systemClock });
  const sources = Array.from({ length: 20_000 }, () => addressFromBytes(randomBytes(4)));
  const names = Array.from({ length: 100 }, (_, i) => `user${i}`);
  const admitAll = (): void => {
    for (let i = 0; i < sources.length; i++) lockout.admit(sources[i]!, names[i % names.length]!);
  };
  for (let i = 0; i < 5; i++) admitAll();
  const { each } = heapOf(collect, sources.length, admitAll);
  const { left } = heapOf(collect, SOURCES, () => {
    for (let i = 0; i < SOURCES; i++) lockout.admit(addressFromBytes(randomBytes(4)), `user${i}`);
  });
  return {
    what: `lockout, ${SOURCES.toLocaleString('en')} sources and names`,
    figure: `${withUnit(left / 1024, 'KiB more heap')}, ${withUnit(each, 'bytes an attempt')}`,
    bar: 'heap ≤ 64 KiB',
    values: { leftBytes: left, bytesEach: each },
  };
}

function rememberedRow(collect: () => void): Row {
  const capacity = 10_000;
  const verified = createVerifiedCredentials({ clock: systemClock, capacity });
  const fill = (count: number): void => {
    for (let i = 0; i < count; i++) {
      const tried = { name: 'user', passwordHash: null, secret: `${i} ${Math.random()}` };
      verified.remember(verified.fingerprint(tried), false);
    }
  };
  fill(capacity * 2);
  const { left } = heapOf(collect, 1, () => {
    fill(SOURCES / 4);
  });
  return {
    what: `remembered passwords, ${(SOURCES / 4).toLocaleString('en')} wrong ones`,
    figure: withUnit(left / 1024, 'KiB more heap'),
    bar: '≤ 1,024 KiB',
    values: { leftBytes: left },
  };
}

/** Guesses that all arrive before the first of them is checked, each from another network, for names of accounts. */
async function passwordsRow(): Promise<Row> {
  const passwords = createPasswordHasher({ threads: 1 });
  const accounts = createMemoryStore().view;
  const authenticator = createAuthenticator({ accounts, passwords, clock: systemClock });
  let most = 0;
  const waiting: Promise<unknown>[] = [];
  for (let i = 0; i < GUESSES; i++) {
    const guess = { user: `user${i % 1000}`, secret: `guess${i}` };
    const answer = authenticator.authenticate(guess, addressFromBytes(randomBytes(4)));
    if (answer instanceof Promise) waiting.push(answer);
    else if (answer.kind !== 'overloaded') throw new Error(`a guess was answered ${answer.kind}`);
    most = Math.max(most, passwords.pending);
  }
  await passwords.close();
  await Promise.all(waiting);
  if (most > HASH_LIMIT || waiting.length > HASH_LIMIT) throw new Error(`${most} guesses waited`);
  return {
    what: `${GUESSES.toLocaleString('en')} wrong passwords at once`,
    figure: `${most} wait for their hash, the others are refused at once`,
    bar: `≤ ${HASH_LIMIT} wait`,
    values: { most, waiting: waiting.length },
  };
}

/** The change of host number `i` as an intent. */
function intentOf(i: number): Intent<undefined> {
  const change = hostChange(i % HOSTS);
  if (change.kind !== 'host-put') throw new Error('a host is put');
  const host = { ...change.host, ttl: 60 + Math.floor(i / HOSTS) + 1 };
  return {
    footprint: [nameOf(`h${i % HOSTS}`)],
    plan: () => ({ changes: [{ kind: 'host-put', host }], result: undefined }),
  };
}

async function loneRow(directory: string, committer: Committer): Promise<Row> {
  const file = await open(join(directory, 'beside'), 'w');
  const record = randomBytes(400);
  const times = { disk: [] as number[], change: [] as number[] };
  for (let i = 0; i < LONE_CHANGES; i++) {
    const start = performance.now();
    await file.write(record, 0, record.length, i * record.length);
    await file.datasync();
    const middle = performance.now();
    await committer.submit(intentOf(i));
    times.disk.push(middle - start);
    times.change.push(performance.now() - middle);
  }
  await file.close();
  const [disk, change] = [median(times.disk), median(times.change)];
  return {
    what: 'a lone change, durable and served',
    figure: withUnit(change, 'ms'),
    ratio: `${withUnit(change - disk, 'ms')} longer than write and fdatasync`,
    bar: '≤ 1 ms',
    values: { changeMs: change, diskMs: disk },
  };
}

async function queueRow(committer: Committer, commits: () => number): Promise<Row> {
  const before = commits();
  const start = performance.now();
  const all = Array.from({ length: HOSTS }, (_, i) => committer.submit(intentOf(HOSTS + i)));
  const results = await Promise.all(all);
  const seconds = (performance.now() - start) / 1000;
  const committed = results.filter(({ kind }) => kind === 'committed').length;
  const refused = results.filter(({ kind }) => kind === 'overloaded').length;
  if (committed !== QUEUE_LIMIT || committed + refused !== HOSTS)
    throw new Error(`${committed} of ${HOSTS} changes were committed and ${refused} refused`);
  const fsyncs = commits() - before;
  return {
    what: `${HOSTS.toLocaleString('en')} changes at once`,
    figure: `${committed.toLocaleString('en')} durable in ${fsyncs} commits, the others refused at once`,
    ratio: withUnit(committed / seconds, '/s'),
    bar: `≤ ${QUEUE_LIMIT.toLocaleString('en')} wait`,
    values: { committed, refused, commits: fsyncs, seconds },
  };
}
