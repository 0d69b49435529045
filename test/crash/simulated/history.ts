/**
 * A life of a store on a simulated disk: devices update, machines enrol, an administrator adds, imports and removes, the journal is
 * compacted and backed up, several of these at the same time, and every state that anybody could see is written down.
 */
import { join } from 'node:path';
import { mkdir } from 'node:fs/promises';
import { createLockout } from '../../../src/account/lockout/lockout.ts';
import { type IpAddress, parseIpAddress } from '../../../src/net/ip-address.ts';
import { openEmbeddedStore } from '../../../src/store/embedded/open-embedded-store.ts';
import type { EmbeddedStore } from '../../../src/store/embedded/embedded-store.ts';
import type { AdminCommand } from '../../../src/update/admin/command.ts';
import { createAdministrator } from '../../../src/update/admin/create-administrator.ts';
import { createCommitter } from '../../../src/update/commit.ts';
import { createUpdateService } from '../../../src/update/create-service.ts';
import { createEnroller } from '../../../src/update/enrol/create-enroller.ts';
import { parseName } from '../../../src/zone/name.ts';
import { dump } from '../../contract/store-samples.ts';
import { SimulatedDisk } from './disk.ts';
import type { Random } from './random.ts';

/** What was written down. */
export interface History {
  readonly disk: SimulatedDisk;
  /** The state after each commit, by its number, as text that is equal where the states are. */
  readonly states: ReadonlyMap<number, string>;
  /** From which time on a commit could be seen, and with it be acknowledged. */
  readonly seen: readonly { readonly time: number; readonly sequence: number }[];
  /** From which time on a backup was said to be written, and its least commit. */
  readonly backups: readonly { readonly time: number; readonly path: string; readonly sequence: number }[];
}

const ZONES = ['dyn.test', 'sub.dyn.test', 'other.test'] as const;
const HOSTS = 6;
const NOW = Date.parse('2026-01-02T03:04:05Z');
/** Its hosts are also made, imported and removed by hand. */
const CODE = {
  account: 'ann',
  zone: 'other.test',
  pattern: '{name}',
  uses: 20,
  lifetimeSeconds: 60,
  by: 'ann',
} as const;
/** More than updates wait for: it is written beside the journal, in more than one piece. */
const LONG_IMPORT = 6000;
/** Zeros ahead of the journal's records: none, soon used up, and more than are used. */
const AHEAD = [0, 2048, 65_536] as const;

/** The text of a store's state; equal for equal states. */
export function textOf(store: Pick<EmbeddedStore, 'view'>): string {
  const retired = ZONES.map((apex) => store.view.retiredSerial(parseName(apex)!) ?? null);
  return JSON.stringify([dump(store.view), retired], inOrder);
}

/** The keys of every object in one order, whoever made it. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Lives through so many steps in an empty directory. */
export async function liveThrough(
  directory: string,
  { random, steps, long }: { readonly random: Random; readonly steps: number; readonly long: boolean },
): Promise<History> {
  await mkdir(join(directory, 'backups'), { recursive: true });
  const data = join(directory, 'data');
  await mkdir(data);
  const disk = new SimulatedDisk(data);
  const states = new Map<number, string>();
  const seen: { time: number; sequence: number }[] = [];
  const backups: { time: number; path: string; sequence: number }[] = [];
  const clock = { now: () => NOW };
  const aheadBytes = AHEAD[random(AHEAD.length)]!;
  const store = await openEmbeddedStore({
    directory: data,
    files: disk,
    clock,
    aheadBytes,
    onNotice: () => undefined,
  });
  const note = (): void => {
    seen.push({ time: disk.time, sequence: store.view.sequence });
    states.set(store.view.sequence, textOf(store));
  };
  note();
  store.onCommit(() => {
    // What is told in parts was seen with the first of them.
    if (store.view.sequence !== seen.at(-1)!.sequence) note();
  });
  const committer = createCommitter({ store, clock });
  const hashPassword = (): Promise<string> => Promise.resolve('a hash');
  const administrator = createAdministrator({ view: store.view, committer, clock, hashPassword });
  const service = createUpdateService({ view: store.view, committer, clock });
  await administrator.execute({ kind: 'account-add', name: 'ann', admin: false, password: null });
  for (const apex of ZONES.slice(1))
    await administrator.execute({
      kind: 'zone-add',
      apex,
      nameServers: [],
      addresses: [],
      accept: 'private',
    });

  const code = await administrator.execute({ kind: 'enroll-create', ...CODE });
  if (!code.ok) throw new Error(code.message);
  const lockout = createLockout({ clock, slots: 8 });
  const enroller = createEnroller({ view: store.view, committer, clock, lockout });

  const folds: Promise<unknown>[] = [];
  for (let step = 0; step < steps; step++) {
    const together: Promise<unknown>[] = [];
    for (let i = 1 + random(4); i > 0; i--) {
      const kind = random(12);
      if (kind < 5) together.push(Promise.resolve(service.update(anUpdate(random))));
      else if (kind < 7) together.push(enroller.enrol({ ...aMachine(random), code: code.value.code }));
      else together.push(administrator.execute(aCommand(random)));
    }
    // The next steps go on beside it.
    if (long && step === steps >> 1) folds.push(administrator.execute(anImport(random, LONG_IMPORT)));
    const folding = random(8);
    if (folding === 0) folds.push(store.compact());
    if (folding === 1) {
      const path = join(directory, 'backups', `backup-${step}.json`);
      const { sequence } = store.view;
      folds.push(store.backup(path).then(() => backups.push({ time: disk.time, path, sequence })));
    }
    // Not always waited for, so that a fold goes on while the next steps commit.
    if (random(3) > 0) await Promise.all(together);
    if (random(4) === 0) await Promise.all(folds);
  }
  await Promise.all(folds);
  await committer.close();
  await store.close();
  return { disk, states, seen, backups };
}

function aMachine(random: Random): { name: string; serial: string; source: IpAddress } {
  const serial = random(3) === 0 ? '' : `s${random(8)}`;
  return { name: `h${random(HOSTS)}`, serial, source: parseIpAddress('192.0.2.1')! };
}

function aHost(random: Random): string {
  return `h${random(HOSTS)}.${ZONES[random(ZONES.length)]!}`;
}

function anUpdate(random: Random): Parameters<ReturnType<typeof createUpdateService>['update']>[0] {
  const address = parseIpAddress(`192.168.${random(200)}.${random(200)}`)!;
  return {
    principal: { kind: 'operator' },
    hostnames: [parseName(aHost(random)), parseName(aHost(random))],
    ipv4: { kind: 'set', address },
    ipv6:
      random(2) === 0
        ? { kind: 'keep' }
        : { kind: 'set', address: parseIpAddress(`fd00::${1 + random(999)}`)! },
  };
}

/** Some are refused by the state as it is; that is part of the life. */
function aCommand(random: Random): AdminCommand {
  const apex = ZONES[random(ZONES.length)]!;
  const fqdn = aHost(random);
  switch (random(10)) {
    case 0:
    case 1:
      return { kind: 'zone-add', apex, nameServers: [], addresses: [], accept: 'private' };
    case 2:
      return { kind: 'zone-remove', apex };
    case 3:
      return { kind: 'record-set', owner: `www.${apex}`, type: 'TXT', values: [`text ${random(1000)}`] };
    case 4:
      return { kind: 'record-remove', owner: `www.${apex}`, type: 'TXT', values: [] };
    case 5:
      return { kind: 'host-remove', fqdn };
    case 6:
      return { kind: 'token-add', account: 'ann', hosts: [], label: `label ${random(1000)}` };
    case 7:
      return { kind: 'host-add', fqdn, account: 'ann', ttl: 60, wildcard: random(2) === 0 };
    default:
      return anImport(random, 4);
  }
}

function anImport(random: Random, hosts: number): AdminCommand {
  const apex = ZONES[random(ZONES.length)]!;
  const rows = Array.from({ length: hosts }, (_, i) => ({
    line: i + 1,
    fqdn: `h${i}.${apex}`,
    account: 'ann',
    ipv4: `10.0.${random(200)}.${random(200)}`,
  }));
  return { kind: 'host-import', rows, existing: random(2) === 0 ? 'skip' : 'update' };
}
