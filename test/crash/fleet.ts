/**
 * Many hosts beside the devices of a campaign: some are moved all at once by imports, others are removed one by one, and
 * backups are written, all while the server is about to be killed.
 * Invariant: whatever was acknowledged is noted, and what was under way when the server died is told from the answers.
 */
import assert from 'node:assert/strict';
import type { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import { type ControlClient, connectControl, remoteAdministrator } from '../../src/cli/control/client.ts';
import type { HostRow } from '../../src/update/admin/command.ts';
import { administer } from '../interop/administer.ts';
import { addressesOf, updateOf } from './ledger.ts';

/** The zone of the fleet. */
export const FLEET_ZONE = 'fleet.test';

/** What is known of the fleet. */
export interface Fleet {
  readonly count: number;
  /** Hosts 0 to `wave - 1` are moved together; those from there on are removed. */
  readonly wave: number;
  /** The last import that was acknowledged, and the last one that was sent. */
  imported: number;
  attempted: number;
  readonly removed: Set<number>;
  /** Removals without an answer. */
  readonly removing: Set<number>;
  /** Backups that were acknowledged, the last one last. */
  readonly backups: string[];
}

/** What of it is done beside the removals. */
export interface FleetPlan {
  /** Imports one right after the other fill the journal, so that it is folded. */
  readonly imports: 'none' | 'some' | 'many';
  /** Where to write a backup to; undefined for none. */
  readonly backupFile: string | undefined;
}

/** What goes on until the server is killed. */
export interface FleetWork {
  /** Sends nothing more, and rejects with what was wrong other than the end of the server. */
  stop(): Promise<void>;
}

const ACCOUNT = 'fleet';
const WAVE = 20_000;
const REMOVALS_PER_ROUND = 20;
const SAMPLE = 100;
/** A machine that has other things to do may take minutes for a backup. */
const LONGEST_REQUEST_MS = 600_000;

/** A fleet of so many hosts, of which none is made yet. */
export function createFleet(count: number): Fleet {
  const wave = Math.min(WAVE, count >> 1);
  return { count, wave, imported: 0, attempted: 0, removed: new Set(), removing: new Set(), backups: [] };
}

/** Makes the fleet by one import, through the running server. */
export async function provisionFleet(dataDirectory: string, fleet: Fleet): Promise<void> {
  await administer(dataDirectory, async (carryOut) => {
    const zone = {
      kind: 'zone-add',
      apex: FLEET_ZONE,
      nameServers: [],
      addresses: [],
      accept: 'private',
    } as const;
    await carryOut<'zone-add'>(zone);
    await carryOut<'account-add'>({ kind: 'account-add', name: ACCOUNT, admin: false, password: null });
  });
  await importHosts(dataDirectory, fleet, fleet.count, 'refuse');
}

/** Removals, and imports and a backup where they are wanted, each over a connection of its own, until `stop`. */
export function startFleetWork(
  dataDirectory: string,
  fleet: Fleet,
  { imports, backupFile }: FleetPlan,
): FleetWork {
  const state = { stopped: false };
  const jobs = [
    async (): Promise<void> => {
      while (imports !== 'none' && !state.stopped) {
        await importHosts(dataDirectory, fleet, fleet.wave, 'update');
        if (imports === 'some') await sleep(Math.random() * 500);
      }
    },
    async (): Promise<void> => {
      for (let i = 0; i < REMOVALS_PER_ROUND && !state.stopped; i++) await removeOne(dataDirectory, fleet);
    },
    async (): Promise<void> => {
      if (backupFile === undefined) return;
      await sleep(Math.random() * 200);
      await withClient(dataDirectory, (client) =>
        client.request({ op: 'backup', file: backupFile }, { timeoutMs: LONGEST_REQUEST_MS }),
      );
      fleet.backups.push(backupFile);
    },
  ];
  const finished = Promise.allSettled(jobs.map((job) => job()));
  return {
    stop: async () => {
      state.stopped = true;
      for (const result of await finished) {
        if (result.status === 'rejected' && !isEndOfServer(result.reason)) throw result.reason;
      }
    },
  };
}

/**
 * Checks a sample of the fleet, the removals that were under way and a sample of those before, or all of them; gives
 * the number of imports and removals kept without an answer.
 */
export async function checkFleet(resolver: Resolver, fleet: Fleet, every = false): Promise<number> {
  let kept = 0;
  const moved = await Promise.all(sample(0, fleet.wave).map((i) => addressOf(resolver, i)));
  const updates = new Set(moved.map((address) => updateOf(address ?? undefined)));
  assert.equal(updates.size, 1, `an import is there in part: updates ${[...updates].join(' and ')}`);
  const n = [...updates][0]!;
  assert.ok(n >= fleet.imported && n <= fleet.attempted, `import ${n}, acknowledged ${fleet.imported}`);
  if (n > fleet.imported) kept++;
  fleet.imported = n;
  for (const i of fleet.removing) {
    if ((await addressOf(resolver, i)) !== null) continue;
    fleet.removed.add(i);
    kept++;
  }
  fleet.removing.clear();
  const removed = [...fleet.removed];
  const asked =
    every || removed.length < SAMPLE ? removed : sample(0, removed.length).map((at) => removed[at]!);
  // The latest ones are those that a torn journal would bring back.
  for (const i of new Set([...asked, ...removed.slice(-SAMPLE)]))
    assert.equal(await addressOf(resolver, i), null, `${nameOf(i)} is back`);
  for (const i of sample(fleet.wave, fleet.count)) {
    if (!fleet.removed.has(i))
      assert.equal(updateOf((await addressOf(resolver, i)) ?? ''), 1, `${nameOf(i)} is lost`);
  }
  return kept;
}

/** A file for the backup of a round, beside the data directory. */
export function backupFileOf(dataDirectory: string, round: number): string {
  return join(dataDirectory, '..', `backup-${round % 2}.json`);
}

async function importHosts(
  dataDirectory: string,
  fleet: Fleet,
  count: number,
  existing: 'refuse' | 'update',
): Promise<void> {
  const n = ++fleet.attempted;
  const { ipv4 } = addressesOf(n);
  const rows: HostRow[] = Array.from({ length: count }, (_, i) => ({
    line: i + 1,
    fqdn: nameOf(i),
    account: ACCOUNT,
    ipv4,
  }));
  await withClient(dataDirectory, async (client) => {
    const result = await remoteAdministrator(client).execute(
      { kind: 'host-import', rows, existing },
      () => undefined,
    );
    if (!result.ok && result.code !== 'unavailable') throw new Error(result.message);
    if (result.ok) fleet.imported = n;
  });
}

async function removeOne(dataDirectory: string, fleet: Fleet): Promise<void> {
  const i = fleet.wave + Math.floor(Math.random() * (fleet.count - fleet.wave));
  if (fleet.removed.has(i)) return;
  fleet.removing.add(i);
  await withClient(dataDirectory, async (client) => {
    const result = await remoteAdministrator(client).execute(
      { kind: 'host-remove', fqdn: nameOf(i) },
      () => undefined,
    );
    if (!result.ok && result.code !== 'unavailable') throw new Error(result.message);
    if (!result.ok) return;
    fleet.removing.delete(i);
    fleet.removed.add(i);
  });
}

async function withClient(
  dataDirectory: string,
  use: (client: ControlClient) => Promise<unknown>,
): Promise<void> {
  const client = await connectControl(dataDirectory);
  if (client === undefined) throw new EndOfServer('no server listens');
  try {
    await use(client);
  } finally {
    client.close();
  }
}

class EndOfServer extends Error {}

/** Whether a request failed only because the server was killed under it. */
function isEndOfServer(error: unknown): boolean {
  return (
    error instanceof EndOfServer ||
    (error instanceof Error && /ended before it answered|broke the connection/.test(error.message))
  );
}

function nameOf(i: number): string {
  return `b${i}.${FLEET_ZONE}`;
}

/** A host's IPv4 address; null where there is no such name. */
async function addressOf(resolver: Resolver, i: number): Promise<string | null> {
  try {
    const [address] = await resolver.resolve4(nameOf(i));
    return address ?? null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') return null;
    throw error;
  }
}

function sample(from: number, to: number): number[] {
  return Array.from(
    { length: Math.min(SAMPLE, to - from) },
    () => from + Math.floor(Math.random() * (to - from)),
  );
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
