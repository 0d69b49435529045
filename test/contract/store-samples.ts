/** What the tests of stores share: sample data, random commits over a small world of names, a comparable dump. */
import fc from 'fast-check';
import type { Account } from '../../src/account/account.ts';
import type { Host } from '../../src/account/host.ts';
import type { Token } from '../../src/account/token.ts';
import { type IpAddress, addressFromBytes, parseIpAddress } from '../../src/net/ip-address.ts';
import { parseInterfaceId } from '../../src/net/interface-id.ts';
import { prefixOf } from '../../src/net/ip-prefix.ts';
import type { Change } from '../../src/store/change.ts';
import type { StoreView } from '../../src/store/store.ts';
import { type Name, ROOT, formatName, parseName } from '../../src/zone/name.ts';
import { parseRdata } from '../../src/zone/rdata/rdata.ts';
import type { RRset } from '../../src/zone/rrset.ts';
import { parseRRType } from '../../src/zone/rrtype.ts';
import type { ZoneSettings } from '../../src/zone/zone-view.ts';
import { CODES, anyOfEnrolments } from './enrolment-samples.ts';

/** The name that `text` presents. */
export function name(text: string): Name {
  const value = parseName(text);
  if (value === undefined) throw new RangeError(`${text} is no name`);
  return value;
}

/** The address that `text` presents. */
export function address(text: string): IpAddress {
  const value = parseIpAddress(text);
  if (value === undefined) throw new RangeError(`${text} is no address`);
  return value;
}

/** An RRset in presentation format. */
export function rrset(type: string, ttl: number, ...rdata: string[]): RRset {
  const number = parseRRType(type)!;
  const wire = rdata.map((text) => {
    const value = parseRdata(number, text, ROOT);
    if (!value.ok) throw new RangeError(value.reason);
    return value.value;
  });
  return { type: number, ttl, rdata: wire };
}

/** Settings of a zone. */
export function zone(apex: string, serial = 1): ZoneSettings {
  const soa = {
    mname: name(`ns1.${apex}`),
    rname: name(`host\\.master.${apex}`),
    refresh: 7200,
    retry: 900,
    expire: 1_209_600,
    minimum: 60,
    ttl: 300,
  };
  return { apex: name(apex), serial, accept: 'private', soa };
}

/** A host of a zone. */
export function host(fqdn: string, apex: string, more: Partial<Host> = {}): Host {
  return {
    name: name(fqdn),
    zone: name(apex),
    account: 'ann',
    ttl: 60,
    ipv4: null,
    ipv6: null,
    wildcard: false,
    changedAt: null,
    blocked: false,
    ...more,
  };
}

/** An account. */
export function account(accountName: string, more: Partial<Account> = {}): Account {
  return { name: accountName, passwordHash: null, admin: false, createdAt: 1_700_000_000_000, ...more };
}

/** A token. */
export function token(id: string, more: Partial<Token> = {}): Token {
  const createdAt = 1_700_000_000_123;
  return { id, account: 'ann', hosts: null, label: 'router', digest: `digest-of-${id}`, createdAt, ...more };
}

/** One of everything that a store of hosts needs, in two commits. */
export const SAMPLE: readonly (readonly Change[])[] = [
  [
    { kind: 'zone-put', zone: zone('dyn.test') },
    {
      kind: 'rrset-put',
      apex: name('dyn.test'),
      owner: name('dyn.test'),
      rrset: rrset('NS', 300, 'ns1.dyn.test.'),
    },
    { kind: 'account-put', account: account('ann', { passwordHash: '$2b$12$abcdefghijklmnopqrstuv' }) },
  ],
  [
    {
      kind: 'host-put',
      host: host('home.dyn.test', 'dyn.test', {
        ipv4: address('192.0.2.1'),
        ipv6: address('2001:db8::1'),
        changedAt: 1_700_000_000_456,
      }),
    },
    { kind: 'token-put', token: token('t1', { hosts: [name('home.dyn.test')], label: 'Büro "2"\n' }) },
    {
      kind: 'rrset-put',
      apex: name('dyn.test'),
      owner: name('x\\.y.dyn.test'),
      rrset: rrset('TXT', 60, '"a \\"b\\" \\000\\255"', '"second" "part"'),
    },
  ],
];

/** The zones of the small world. */
const APEXES = ['dyn.test', 'sub.dyn.test', 'example.org'] as const;

/** Everything that a view shows, in an order that does not depend on how it came about. */
export function dump(view: StoreView): unknown {
  const zones = [...view.zones()].map((each) => ({
    settings: each.settings,
    hosts: sorted(each.hosts(), (one) => one.name),
    rrsets: sorted(each.staticRRsets(), ([owner, { type }]) => `${owner} ${type}`).map(([owner, set]) => [
      formatName(owner),
      { ...set, rdata: set.rdata.map((bytes) => Buffer.from(bytes).toString('hex')) },
    ]),
  }));
  return {
    sequence: view.sequence,
    derived: sorted(
      zones.flatMap(({ hosts }) => hosts),
      (one) => one.name,
    ).map((one) => [formatName(one.name), [...view.derivedFrom(one.name)].sort()]),
    retired: APEXES.map((each) => [each, view.retiredSerial(name(each))]),
    tokenKey: Buffer.from(view.tokenKey).toString('hex'),
    zones: sorted(zones, (each) => each.settings.apex),
    accounts: sorted(view.accounts(), (one) => one.name),
    tokens: sorted(view.tokens(), (one) => one.id),
    enrolments: sorted(view.enrolments.all(), (one) => one.id),
    ofEnrolments: CODES.map((code) => [
      code,
      sorted(view.enrolments.machines(code), (one) => one.host),
      view.enrolments.events(code),
    ]),
  };
}

function sorted<T>(items: Iterable<T>, key: (item: T) => string): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What most hosts do not have. */
function rare<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined, freq: 1 });
}

const ID = parseInterfaceId('::211:32ff:fe12:3456')!;
const OTHER_ID = parseInterfaceId('::ffff:1:0')!;

/** Objects as literals make them, which deep equality tells from those without a prototype. */
const PLAIN = { noNullPrototype: true } as const;
const apex = fc.constantFrom(...APEXES);
const label = fc.constantFrom('a', 'b', 'c.b', '*', 'x\\.y', '\\000\\255');
const placed = fc
  .record({ apex, label }, PLAIN)
  .map((at) => ({ apex: at.apex, owner: `${at.label}.${at.apex}` }));
const who = fc.constantFrom('ann', 'bob', 'eve@home');
const id = fc.constantFrom('t1', 't2', 't3', 't4');
const uint32 = fc.nat(0xffff_ffff);
const ttl = fc.nat(0x7fff_ffff);
const time = fc.nat(8.64e15);
const ip = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(addressFromBytes);
const ip4 = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(addressFromBytes);
const rdata = fc.oneof(
  fc.record(
    {
      type: fc.constantFrom(16, 15, 2, 257, 65, 65_280),
      rdata: fc.array(fc.uint8Array({ minLength: 0, maxLength: 40 }), { minLength: 1, maxLength: 3 }),
    },
    PLAIN,
  ),
  fc.constantFrom(
    rrset('TXT', 60, '"x"'),
    rrset('MX', 60, '10 mail.dyn.test.'),
    rrset('CAA', 60, '0 issue "ca.test"'),
  ),
);

/** Any change within the small world. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  fc
    .record(
      { apex, serial: uint32, retry: uint32, accept: fc.constantFrom('public', 'private', 'any') },
      PLAIN,
    )
    .map(({ apex: at, serial, retry, accept }): Change => {
      const settings = zone(at, serial);
      return { kind: 'zone-put', zone: { ...settings, accept, soa: { ...settings.soa, retry } } };
    }),
  fc.record({ kind: fc.constant('zone-remove' as const), apex: apex.map(name) }, PLAIN),
  fc
    .record({ apex: apex.map(name), serial: uint32 }, PLAIN)
    .map((retired): Change => ({ kind: 'retired-put', retired })),
  fc.record({ at: placed, ttl, set: rdata }, PLAIN).map(({ at, ttl: seconds, set }): Change => {
    const value = { type: set.type, ttl: seconds, rdata: set.rdata };
    return { kind: 'rrset-put', apex: name(at.apex), owner: name(at.owner), rrset: value };
  }),
  fc.record({ at: placed, type: fc.constantFrom(16, 15, 2) }, PLAIN).map(({ at, type }): Change => {
    return { kind: 'rrset-remove', apex: name(at.apex), owner: name(at.owner), type };
  }),
  fc
    .record(
      {
        at: placed,
        account: who,
        ttl,
        ipv4: fc.option(ip4),
        ipv6: fc.option(ip),
        wildcard: fc.boolean(),
        blocked: fc.boolean(),
        changedAt: fc.option(time),
        prefix: rare(
          fc
            .tuple(
              ip.filter((value) => value.length === 16),
              fc.nat(128),
            )
            .map(([base, bits]) => prefixOf(base, bits)),
        ),
        derived: rare(
          fc.record(
            {
              router: placed.map((at) => name(at.owner)),
              subnet: uint32,
              interfaceId: fc.constantFrom(ID, OTHER_ID),
            },
            PLAIN,
          ),
        ),
      },
      PLAIN,
    )
    .map(({ at, prefix, derived, ...more }): Change => ({
      kind: 'host-put',
      host: host(at.owner, at.apex, {
        ...more,
        ...(prefix === undefined ? {} : { prefix }),
        ...(derived === undefined ? {} : { derived }),
      }),
    })),
  placed.map((at): Change => ({ kind: 'host-remove', zone: name(at.apex), name: name(at.owner) })),
  fc
    .record({ name: who, passwordHash: fc.option(fc.string()), admin: fc.boolean(), createdAt: time }, PLAIN)
    .map((value): Change => ({ kind: 'account-put', account: value })),
  who.map((value): Change => ({ kind: 'account-remove', name: value })),
  fc
    .record(
      {
        id,
        account: who,
        hosts: fc.option(fc.array(placed.map((at) => name(at.owner)))),
        label: fc.string({ unit: 'binary' }),
        digest: fc.string(),
        createdAt: time,
        gnudip: fc.option(fc.string(), { nil: undefined }),
      },
      PLAIN,
    )
    // No two tokens have one digest: it is an HMAC of 142 random bits.
    .map(({ gnudip, ...value }): Change => ({
      kind: 'token-put',
      token: {
        ...value,
        digest: `${value.id} ${value.digest}`,
        ...(gnudip === undefined ? {} : { gnudip }),
      },
    })),
  id.map((value): Change => ({ kind: 'token-remove', id: value })),
  anyOfEnrolments,
);

/** Any commit within the small world. */
export const anyCommit: fc.Arbitrary<readonly Change[]> = fc.array(anyChange, { maxLength: 6 });
