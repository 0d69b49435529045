/**
 * Kills a real server over and over while devices update, and looks for what was lost.
 *
 * Each round: start on the same data directory → check every host and serial by DNS → update from all devices →
 * SIGKILL at a random moment, now and then already while it starts. Some rounds also ask the command line, and
 * verify the store as it lies on the disk.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HomingProcess, homing, interruptStart, startHoming } from '../interop/homing-process.ts';
import { type Ledger, addressesOf, createLedgers } from './ledger.ts';
import { type Load, startLoad } from './load.ts';
import { type Serials, checkHosts, checkSerials, createResolver, watchSerials } from './observe.ts';
import { ACCOUNT, provision } from './provision.ts';

const DEVICES = 32;
const LONGEST_ROUND_MS = 250;
/** One round in so many is killed while it starts. */
const ROUNDS_PER_START_KILL = 8;
/** Small, so that the journal is folded into the snapshot again and again while the server is killed. */
const ENVIRONMENT = { HOMING_STORE_COMPACTION_BYTES: '65536' };

/** What a campaign did. */
export interface CampaignReport {
  readonly kills: number;
  /** How many of them came before the server served. */
  readonly whileStarting: number;
  readonly acknowledged: number;
  /** Updates that were there after a kill although the device had read no answer: allowed, and told. */
  readonly keptWithoutAnswer: number;
  readonly seconds: number;
}

/**
 * Runs a campaign in an empty data directory; throws at the first loss. `thorough` of the rounds (0 to 1) also use the
 * command line; `onRound` is told about each kill.
 */
export async function runCampaign(options: {
  readonly dataDirectory: string;
  readonly kills: number;
  readonly thorough: number;
  readonly onRound?: (round: number, report: CampaignReport) => void;
}): Promise<CampaignReport> {
  const { dataDirectory, kills, thorough } = options;
  const started = Date.now();
  const ledgers = createLedgers(DEVICES);
  const serials: Serials = new Map();
  const report = { kills: 0, whileStarting: 0, acknowledged: 0, keptWithoutAnswer: 0, seconds: 0 };
  const token = await provision(dataDirectory, ledgers);

  while (report.kills < kills) {
    const full = Math.random() < thorough || report.kills === kills - 1;
    if (full) await verifyStore(dataDirectory);
    if (report.kills % ROUNDS_PER_START_KILL === ROUNDS_PER_START_KILL - 1) {
      await interruptStart(dataDirectory, Math.random() * 3 * LONGEST_ROUND_MS, ENVIRONMENT);
      report.whileStarting++;
    } else {
      const server = await startHoming(dataDirectory, { env: ENVIRONMENT });
      try {
        report.keptWithoutAnswer += await check(server, ledgers, serials);
        if (full) await checkCommandLine(dataDirectory, ledgers);
        report.acknowledged += await loadUntilKilled(server, token, { ledgers, serials });
      } finally {
        await server.end('SIGKILL');
      }
    }
    report.kills++;
    report.seconds = (Date.now() - started) / 1000;
    options.onRound?.(report.kills, { ...report });
  }

  await verifyStore(dataDirectory);
  const server = await startHoming(dataDirectory, { env: ENVIRONMENT });
  try {
    report.keptWithoutAnswer += await check(server, ledgers, serials);
    await checkCommandLine(dataDirectory, ledgers);
  } finally {
    assert.deepEqual(await server.end('SIGTERM'), { status: 0, signal: null });
  }
  await verifyStore(dataDirectory);
  report.seconds = (Date.now() - started) / 1000;
  return report;
}

async function check(server: HomingProcess, ledgers: readonly Ledger[], serials: Serials): Promise<number> {
  const resolver = createResolver(server.dnsPort);
  await checkSerials(resolver, serials);
  return checkHosts(resolver, ledgers);
}

/** Updates from every device until the server is killed; gives the number of acknowledged updates. */
async function loadUntilKilled(
  server: HomingProcess,
  token: string,
  { ledgers, serials }: { ledgers: readonly Ledger[]; serials: Serials },
): Promise<number> {
  const watch = watchSerials(createResolver(server.dnsPort), serials);
  const load = startLoad({ httpPort: server.httpPort, user: ACCOUNT, password: token }, ledgers);
  // Most rounds begin once updates flow, however slow the machine is; the others catch the first ones under way.
  if (Math.random() < 0.8) await firstAcknowledgement(load);
  await sleep(Math.random() * LONGEST_ROUND_MS);
  const ended = server.end('SIGKILL');
  const watched = watch.stop();
  await ended;
  await load.stop();
  await watched;
  return load.acknowledged();
}

async function firstAcknowledgement(load: Load): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (load.acknowledged() === 0) {
    if (Date.now() > deadline) throw new Error('no update was acknowledged for 10 s');
    await sleep(2);
  }
}

async function verifyStore(dataDirectory: string): Promise<void> {
  await homing(['store', 'verify', '--data', dataDirectory]);
}

/** The command line, asked through the control socket, says the same as DNS. */
async function checkCommandLine(dataDirectory: string, ledgers: readonly Ledger[]): Promise<void> {
  const printed = await homing(['host', 'list', '--data', dataDirectory, '--json']);
  const hosts = new Map(
    (JSON.parse(printed) as { fqdn: string; ipv4: string | null }[]).map(({ fqdn, ipv4 }) => [
      fqdn.replace(/\.$/, ''),
      ipv4,
    ]),
  );
  for (const ledger of ledgers) {
    const expected = ledger.acknowledged === 0 ? null : addressesOf(ledger.acknowledged).ipv4;
    for (const host of ledger.hosts) assert.equal(hosts.get(host), expected, `${host} by the command line`);
  }
}
