/**
 * Log-in by account password: how long DNS answers take while every account's password is checked for the first time,
 * beside the same server with nothing to do; then updates by remembered passwords beside the same updates by tokens.
 * Server and password threads share one core, as on the smallest machine.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createPasswordHasher } from '../../src/account/password.ts';
import { createTokenId, createTokenSecret, digestTokenSecret } from '../../src/account/token.ts';
import { writeDocument } from '../../src/store/embedded/fold/fold.ts';
import { SNAPSHOT_NAME } from '../../src/store/embedded/snapshot.ts';
import { type Figures, measureLatency } from '../fast-lane/latency.ts';
import { needing } from '../needing.ts';
import { missingPrograms, sleep } from '../processes.ts';
import { APEX, createState, hostChange, nameOf } from '../provision.ts';
import { type Row, type Scale, median, runAsProgram, withUnit } from '../report.ts';
import { type Sender, type Target, basic, runWrk, startHoming, writeScript } from './load.ts';

const QUESTIONS_A_SECOND = 10_000;
const PASSWORD = 'correct horse battery staple';
/** Accounts behind one address, fewer than one source may have in the queue. */
const ACCOUNTS_A_SOURCE = 8;

/** One account's way to update its host by password, and by token. */
interface Device {
  readonly byPassword: Sender;
  readonly byToken: Sender;
}

/** The rows of passwords; `directory` is empty. */
export async function benchPasswords(directory: string, scale: Scale): Promise<readonly Row[]> {
  const data = join(directory, 'data');
  const devices = await provisionAccounts(data, scale);
  const target = await startHoming(data);
  try {
    const burst = await measureBurst(directory, { target, devices }, scale);
    return [...burst, await rateRow(directory, { target, devices }, scale)];
  } finally {
    await target.server.stop();
  }
}

/** A data directory with as many accounts that have a password; one hash serves all, as making each takes a while. */
async function provisionAccounts(data: string, { hosts, accounts }: Scale): Promise<readonly Device[]> {
  const hasher = createPasswordHasher();
  const passwordHash = await hasher.hash(PASSWORD);
  await hasher.close();
  const { state } = createState(hosts);
  const devices = Array.from({ length: accounts }, (_, i): Device => {
    const [account, label, secret] = [`user${i}`, `device${i}`, createTokenSecret()];
    const change = hostChange(i);
    if (change.kind !== 'host-put') throw new Error('a host is put');
    const digest = digestTokenSecret(secret, state.tokenKey);
    state.apply([
      { kind: 'account-put', account: { name: account, passwordHash, admin: false, createdAt: 0 } },
      { kind: 'host-put', host: { ...change.host, name: nameOf(label), account } },
      {
        kind: 'token-put',
        token: { id: createTokenId(), account, hosts: null, label: '', digest, createdAt: 0 },
      },
    ]);
    return {
      byPassword: { authorization: basic(account, PASSWORD), label },
      byToken: { authorization: basic(account, secret), label },
    };
  });
  mkdirSync(data, { recursive: true, mode: 0o700 });
  await writeDocument(join(data, SNAPSHOT_NAME), { savedAt: new Date().toISOString(), state });
  return devices;
}

async function measureBurst(
  directory: string,
  { target, devices }: { target: Target; devices: readonly Device[] },
  { hosts, seconds }: Scale,
): Promise<readonly Row[]> {
  const what = `DNS while ${devices.length} passwords are checked first`;
  const start = performance.now();
  if (missingPrograms('dnsperf').length > 0) {
    await logInAll(target, devices);
    return [{ what, figure: 'needs dnsperf' }];
  }
  const questions = join(directory, 'questions.txt');
  const names = Array.from({ length: 20_000 }, (_, i) => `h${(i * 7919) % hosts}.${APEX} A\n`);
  writeFileSync(questions, names.join(''));
  const measure = (): Promise<Figures> =>
    measureLatency({ port: target.dns, perSecond: QUESTIONS_A_SECOND }, questions, seconds);
  const idle = [await measure(), await measure(), await measure()];
  const progress = { isDone: false };
  const burst = logInAll(target, devices).finally(() => (progress.isDone = true));
  const busy: Figures[] = [];
  // A measurement that the burst did not last for says nothing of it, but one there must be.
  for (;;) {
    const figures = await measure();
    if (progress.isDone && busy.length > 0) break;
    busy.push(figures);
  }
  await burst;
  const p99 = { idle: median(idle.map((of) => of.p99)), busy: median(busy.map((of) => of.p99)) };
  const ratio = p99.busy / p99.idle;
  const took = (performance.now() - start) / 1000;
  return [
    {
      what,
      figure: `p99 ${withUnit(p99.busy, 'ms')}, with nothing else to do ${withUnit(p99.idle, 'ms')}`,
      ratio: `${ratio.toFixed(2)} × idle`,
      bar: '≤ 2',
      values: { p99Busy: p99.busy, p99Idle: p99.idle, ratio, seconds: took },
    },
  ];
}

/** Logs in with every password once, and again where the queue was full; every few accounts from an address of their own. */
async function logInAll(target: Target, devices: readonly Device[]): Promise<void> {
  await Promise.all(
    devices.map(async ({ byPassword }, i) => {
      const source = `127.0.1.${1 + Math.floor(i / ACCOUNTS_A_SOURCE)}`;
      for (;;) {
        const { status, body } = await update(target, byPassword, source);
        if (status === 200 && /^(?:good|nochg)/.test(body)) return;
        if (status !== 503) throw new Error(`a first log-in was answered ${status}: ${body}`);
        await sleep(250);
      }
    }),
  );
}

function update(
  { url }: Target,
  { authorization, label }: Sender,
  localAddress: string,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const target = `${url}/nic/update?hostname=${label}.${APEX}&myip=10.0.0.7`;
    const sent = request(target, { localAddress, agent: false, headers: { authorization } }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}

async function rateRow(
  directory: string,
  { target, devices }: { target: Target; devices: readonly Device[] },
  { rounds, seconds }: Scale,
): Promise<Row> {
  const script = (name: string, senders: readonly Sender[]): string =>
    writeScript(join(directory, `${name}.lua`), senders, { kind: 'same' });
  const byPassword = script(
    'password',
    devices.map((device) => device.byPassword),
  );
  const byToken = script(
    'token',
    devices.map((device) => device.byToken),
  );
  await runWrk(target, byToken, 1);
  const measured: { rate: number; ratio: number; cpuRatio: number; cpuMicros: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const token = await runWrk(target, byToken, seconds);
    const password = await runWrk(target, byPassword, seconds);
    const ratio = password.perSecond / token.perSecond;
    const cpuRatio = token.cpuMicros / password.cpuMicros;
    measured.push({ rate: password.perSecond, ratio, cpuRatio, cpuMicros: password.cpuMicros });
  }
  const of = (key: keyof (typeof measured)[number]): number => median(measured.map((round) => round[key]));
  const [perSecond, cpuMicros, ratio, cpuRatio] = [of('rate'), of('cpuMicros'), of('ratio'), of('cpuRatio')];
  return {
    what: `unchanged address, by password, ${devices.length} accounts`,
    figure: `${withUnit(perSecond, '/s')}, ${withUnit(cpuMicros, 'µs CPU')}`,
    ratio: `${ratio.toFixed(2)} × by token (by CPU ${cpuRatio.toFixed(2)})`,
    bar: '≥ 0.80',
    values: { perSecond, cpuMicros, ratio, cpuRatio },
  };
}

if (import.meta.main)
  await runAsProgram('passwords', needing({ what: 'log-in by password', programs: ['wrk'] }, benchPasswords));
