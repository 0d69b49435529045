/**
 * A data directory with many hosts, as the store itself writes it: zone dyn.example.test with h0, h1, … of the account
 * alice, and one device token for all of them.
 *
 * As a program: `node bench/provision.ts DIRECTORY HOSTS` makes one and prints the token's secret.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { createTokenId, createTokenSecret, digestTokenSecret } from '../src/account/token.ts';
import { addressFromBytes } from '../src/net/ip-address.ts';
import type { Change } from '../src/store/change.ts';
import { writeDocument } from '../src/store/embedded/fold/fold.ts';
import { SNAPSHOT_NAME } from '../src/store/embedded/snapshot.ts';
import { State } from '../src/store/state.ts';
import { type Name, parseName } from '../src/zone/name.ts';

/** The zone's apex as text. */
export const APEX = 'dyn.example.test';
/** The account that owns all hosts; also the user name of the token. */
export const ACCOUNT = 'alice';

/** The wire form of `label`.APEX, or of the apex for an empty label. */
export function nameOf(label: string): Name {
  const text = label === '' ? APEX : `${label}.${APEX}`;
  const name = parseName(text);
  if (name === undefined) throw new Error(`${text} is no name`);
  return name;
}

/** The first address of host number `i`. */
export function firstAddress(i: number): ReturnType<typeof addressFromBytes> {
  return addressFromBytes(Uint8Array.of(10, (i >> 16) & 255, (i >> 8) & 255, i & 255));
}

/** The changes that make the zone and its account, without hosts. */
export function zoneChanges(): readonly Change[] {
  const apex = nameOf('');
  const ns1 = nameOf('ns1');
  const soa = { mname: ns1, rname: nameOf('hostmaster'), refresh: 3600, retry: 600, expire: 86_400 };
  return [
    { kind: 'zone-put', zone: { apex, serial: 1, accept: 'private', soa: { ...soa, minimum: 60, ttl: 60 } } },
    {
      kind: 'rrset-put',
      apex,
      owner: apex,
      rrset: { type: 2, ttl: 3600, rdata: [Buffer.from(ns1, 'latin1')] },
    },
    {
      kind: 'rrset-put',
      apex,
      owner: ns1,
      rrset: { type: 1, ttl: 3600, rdata: [Uint8Array.of(127, 0, 0, 1)] },
    },
    { kind: 'account-put', account: { name: ACCOUNT, passwordHash: null, admin: false, createdAt: 0 } },
  ];
}

/** The change that puts host number `i`, which may have another label, at its first address. */
export function hostChange(i: number, label = `h${i}`): Change {
  return {
    kind: 'host-put',
    host: {
      name: nameOf(label),
      zone: nameOf(''),
      account: ACCOUNT,
      ttl: 60,
      ipv4: firstAddress(i),
      ipv6: null,
      wildcard: false,
      changedAt: null,
      blocked: false,
    },
  };
}

/** A state with `hosts` hosts, and the secret of the token that may update them. */
export function createState(hosts: number): { state: State; secret: string } {
  const tokenKey = randomBytes(32);
  const state = new State(tokenKey);
  const secret = createTokenSecret();
  const digest = digestTokenSecret(secret, tokenKey);
  const token = { id: createTokenId(), account: ACCOUNT, hosts: null, label: 'bench', digest, createdAt: 0 };
  state.apply([...zoneChanges(), { kind: 'token-put', token }]);
  for (let i = 0; i < hosts; i++) state.applyChange(hostChange(i));
  return { state, secret };
}

/** Makes the data directory, which must not hold a store yet, and returns the token's secret. */
export async function provision(directory: string, hosts: number): Promise<string> {
  const { state, secret } = createState(hosts);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeDocument(join(directory, SNAPSHOT_NAME), { savedAt: new Date().toISOString(), state });
  return secret;
}

if (import.meta.main) {
  const [directory, hosts = '100000'] = process.argv.slice(2);
  if (directory === undefined || !/^\d+$/.test(hosts)) {
    console.error('usage: node bench/provision.ts DIRECTORY [HOSTS]');
    process.exitCode = 2;
  } else {
    console.log(await provision(directory, Number(hosts)));
  }
}
