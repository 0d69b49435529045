/**
 * Kills a real server over and over while devices update, and looks for what was lost.
 *
 * Each round: start on the same data directory → check every host and serial by DNS → update from all devices →
 * SIGKILL at a random moment, now and then already while it starts. Some rounds also ask the command line, and
 * verify the store as it lies on the disk.
 */
import assert from 'node:assert/strict';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HomingProcess, homing, interruptStart, startHoming } from '../interop/homing-process.ts';
import {
  type Fleet,
  type FleetPlan,
  backupFileOf,
  checkFleet,
  createFleet,
  startFleetWork,
} from './fleet.ts';
import { type Ledger, addressesOf, createLedgers } from './ledger.ts';
import { LOADED, type Load, startLoad } from './load.ts';
import { type Serials, checkHosts, checkSerials, createResolver, watchSerials } from './observe.ts';
import { ACCOUNT, provision } from './provision.ts';

const DEVICES = 32;
const LONGEST_ROUND_MS = 250;
/** One round in so many is killed while it starts. */
const ROUNDS_PER_START_KILL = 8;
/** Small, so that the journal is folded into the snapshot again and again while the server is killed. */
const SMALL_JOURNAL = { HOMING_STORE_COMPACTION_BYTES: '65536' };
/** As long as it takes to be in the middle of an import, a backup or the folding of the journal. */
const LONGEST_FLEET_ROUND_MS = 2_000;
/** Of so many rounds one goes on until the journal is folded and a backup written, one until the folding has begun. */
const ROUNDS_PER_FOLD = 20;
const LONGEST_FOLD_MS = 5_000;
const LONGEST_FOLDS_MS = 120_000;
/** A million hosts are read in some seconds, on a machine that has other things to do in many. */
const LONGEST_START_MS = 300_000;

/** What a campaign did. */
export interface CampaignReport {
  readonly kills: number;
  /** How many of them came before the server served. */
  readonly whileStarting: number;
  readonly acknowledged: number;
  /** Updates that were there after a kill although the device had read no answer: allowed, and told. */
  readonly keptWithoutAnswer: number;
  /** Imports, removals and backups of the fleet that were acknowledged. */
  readonly imports: number;
  readonly removals: number;
  readonly backups: number;
  /** How often the journal was folded while the server was under load. */
  readonly compactions: number;
  /** How often the kill came while the journal was folded, and while a backup was written. */
  readonly whileCompacting: number;
  readonly whileBackingUp: number;
  /** From the start of a process until it served: the mean, and the longest. */
  readonly startMs: number;
  readonly longestStartMs: number;
  readonly seconds: number;
}

/** How to run a campaign. */
export interface CampaignOptions {
  /** Empty. */
  readonly dataDirectory: string;
  readonly kills: number;
  /** The share of the rounds, 0 to 1, that also use the command line and verify the store. */
  readonly thorough: number;
  /** Hosts beside those of the devices: imported, removed and backed up while devices update. 0 where absent. */
  readonly hosts?: number;
  /** Told about each kill. */
  readonly onRound?: (round: number, report: CampaignReport) => void;
}

/** Runs a campaign; rejects at the first loss. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { dataDirectory, kills, thorough, hosts = 0 } = options;
  const started = Date.now();
  const world: World = {
    dataDirectory,
    ledgers: createLedgers(DEVICES),
    serials: new Map(),
    fleet: hosts === 0 ? undefined : createFleet(hosts),
    environment: hosts === 0 ? SMALL_JOURNAL : {},
    report: { ...EMPTY },
    starts: [],
  };
  const { report, fleet } = world;
  const token = await provision(dataDirectory, world.ledgers, fleet);
  while (report.kills < kills) {
    const full = Math.random() < thorough || report.kills === kills - 1;
    if (full) await verifyStore(dataDirectory);
    if (report.kills % ROUNDS_PER_START_KILL === ROUNDS_PER_START_KILL - 1) {
      const mostly = Math.max(3 * LONGEST_ROUND_MS, world.starts.at(-1) ?? 0);
      await interruptStart(dataDirectory, Math.random() * mostly, { ...LOADED, ...world.environment });
      report.whileStarting++;
    } else {
      await killUnderLoad(world, token, full);
    }
    report.kills++;
    describeRound(world, started);
    options.onRound?.(report.kills, { ...report });
  }
  await lastLook(world);
  describeRound(world, started);
  return report;
}

interface World {
  readonly dataDirectory: string;
  readonly ledgers: readonly Ledger[];
  readonly serials: Serials;
  readonly fleet: Fleet | undefined;
  readonly environment: NodeJS.ProcessEnv;
  readonly report: { -readonly [K in keyof CampaignReport]: CampaignReport[K] };
  /** Milliseconds of each start. */
  readonly starts: number[];
}

const EMPTY: CampaignReport = {
  kills: 0,
  whileStarting: 0,
  acknowledged: 0,
  keptWithoutAnswer: 0,
  imports: 0,
  removals: 0,
  backups: 0,
  compactions: 0,
  whileCompacting: 0,
  whileBackingUp: 0,
  startMs: 0,
  longestStartMs: 0,
  seconds: 0,
};

async function startTimed({ dataDirectory, environment, starts }: World): Promise<HomingProcess> {
  const begun = Date.now();
  const server = await startHoming(dataDirectory, {
    env: { ...LOADED, ...environment },
    timeoutMs: LONGEST_START_MS,
  });
  starts.push(Date.now() - begun);
  return server;
}

async function killUnderLoad(world: World, token: string, full: boolean): Promise<void> {
  const { dataDirectory, ledgers, fleet, report } = world;
  const server = await startTimed(world);
  try {
    report.keptWithoutAnswer += await check(server, world);
    if (full) await checkCommandLine(dataDirectory, ledgers);
    const work = fleet === undefined ? undefined : startFleetWork(dataDirectory, fleet, planOf(world));
    const imported = fleet?.imported ?? 0;
    report.acknowledged += await loadUntilKilled(server, token, world);
    await work?.stop();
    report.imports += (fleet?.imported ?? 0) - imported;
    report.compactions += server.log().split('"code":"compacted"').length - 1;
    await countWhatWasCut(world);
  } finally {
    await server.end('SIGKILL');
  }
}

/** What of a round is not left to chance: that the journal is being folded, or was. */
function goalOf(kills: number): 'any moment' | 'folding' | 'folded' {
  const turn = kills % ROUNDS_PER_FOLD;
  return turn === 1 ? 'folded' : turn === 6 ? 'folding' : 'any moment';
}

function planOf({ dataDirectory, report: { kills } }: World): FleetPlan {
  const backupFile = backupFileOf(dataDirectory, kills);
  if (goalOf(kills) !== 'any moment') return { imports: 'many', backupFile };
  // Not all at once: most rounds are for updates at their full rate.
  return {
    imports: Math.random() < 1 / 3 ? 'some' : 'none',
    backupFile: Math.random() < 1 / 3 ? backupFile : undefined,
  };
}

/** Counts the temporary files that a kill has left; those of backups, which nobody else removes, are removed. */
async function countWhatWasCut({ dataDirectory, report }: World): Promise<void> {
  if (await isFolding(dataDirectory)) report.whileCompacting++;
  const beside = join(dataDirectory, '..');
  for (const name of await readdir(beside)) {
    if (!name.startsWith('backup-') || !name.includes('.tmp-')) continue;
    report.whileBackingUp++;
    await rm(join(beside, name));
  }
}

/** Whether the snapshot that takes the place of the present one is begun. */
async function isFolding(dataDirectory: string): Promise<boolean> {
  return (await readdir(dataDirectory)).some((name) => name.startsWith('snapshot.json.tmp-'));
}

/** After the last kill everything is looked at once more, the last backup is restored, and the server ends in peace. */
async function lastLook(world: World): Promise<void> {
  const { dataDirectory, ledgers, fleet, report } = world;
  await verifyStore(dataDirectory);
  const server = await startTimed(world);
  try {
    report.keptWithoutAnswer += await check(server, world, true);
    await checkCommandLine(dataDirectory, ledgers);
  } finally {
    assert.deepEqual(await server.end('SIGTERM'), { status: 0, signal: null });
  }
  await verifyStore(dataDirectory);
  const backup = fleet?.backups.at(-1);
  if (backup === undefined) return;
  const restored = `${dataDirectory}-restored`;
  await homing(['store', 'restore', backup, '--data', restored], { timeoutMs: LONGEST_START_MS });
  await verifyStore(restored);
  await rm(restored, { recursive: true });
}

function describeRound({ report, fleet, starts }: World, started: number): void {
  report.removals = fleet?.removed.size ?? 0;
  report.backups = fleet?.backups.length ?? 0;
  report.startMs = Math.round(starts.reduce((sum, ms) => sum + ms, 0) / Math.max(1, starts.length));
  report.longestStartMs = Math.max(0, ...starts);
  report.seconds = (Date.now() - started) / 1000;
}

async function check(
  server: HomingProcess,
  { ledgers, serials, fleet }: World,
  every = false,
): Promise<number> {
  const resolver = createResolver(server.dnsPort);
  await checkSerials(resolver, serials);
  const kept = await checkHosts(resolver, ledgers);
  return fleet === undefined ? kept : kept + (await checkFleet(resolver, fleet, every));
}

/** Updates from every device until the server is killed; gives the number of acknowledged updates. */
async function loadUntilKilled(
  server: HomingProcess,
  token: string,
  { ledgers, serials, fleet, report }: World,
): Promise<number> {
  const watch = watchSerials(createResolver(server.dnsPort), serials);
  const load = startLoad({ httpPort: server.httpPort, user: ACCOUNT, password: token }, ledgers);
  // Most rounds begin once updates flow, however slow the machine is; the others catch the first ones under way.
  if (Math.random() < 0.8) await firstAcknowledgement(load);
  const goal = fleet === undefined ? 'any moment' : goalOf(report.kills);
  if (fleet !== undefined && goal !== 'any moment') await untilFolds(server, fleet, goal);
  const longest = goal === 'folding' ? LONGEST_FOLD_MS : LONGEST_FLEET_ROUND_MS;
  await sleep(Math.random() * (fleet === undefined ? LONGEST_ROUND_MS : longest));
  const ended = server.end('SIGKILL');
  const watched = watch.stop();
  await ended;
  await load.stop();
  await watched;
  return load.acknowledged();
}

/** Waits until the folding of the journal has begun, or until it and a backup are done. */
async function untilFolds(server: HomingProcess, fleet: Fleet, goal: 'folding' | 'folded'): Promise<void> {
  const before = fleet.backups.length;
  const deadline = Date.now() + LONGEST_FOLDS_MS;
  const isReached = async (): Promise<boolean> =>
    goal === 'folding'
      ? await isFolding(server.dataDirectory)
      : fleet.backups.length > before && server.log().includes('"code":"compacted"');
  while (!(await isReached())) {
    // A journal that has not grown enough is not folded.
    if (Date.now() > deadline) return;
    await sleep(20);
  }
}

async function firstAcknowledgement(load: Load): Promise<void> {
  const deadline = Date.now() + 120_000;
  while (load.acknowledged() === 0) {
    if (Date.now() > deadline) throw new Error('no update was acknowledged for two minutes');
    await sleep(2);
  }
}

async function verifyStore(dataDirectory: string): Promise<void> {
  await homing(['store', 'verify', '--data', dataDirectory], { timeoutMs: LONGEST_START_MS });
}

/** The command line, asked through the control socket, says the same as DNS. */
async function checkCommandLine(dataDirectory: string, ledgers: readonly Ledger[]): Promise<void> {
  const printed = await homing(['host', 'list', '--account', ACCOUNT, '--data', dataDirectory, '--json']);
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
