import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RRTYPE } from '../../../../src/zone/rrtype.ts';
import type { Change } from '../../../../src/store/change.ts';
import { ACCOUNT, NOW, World, cookie, hostPut, name, query, zonePut } from './world.ts';

const APEX = 'dyn.test';

/** Asks both lanes; where the fast one answers, the bytes must be the same. Returns whether it did. */
function compare(world: World, packet: Buffer): boolean {
  const fast = world.fast(packet);
  if (fast === 'handed over') return false;
  const general = world.general(packet);
  if (fast === 'dropped') assert.equal(general, undefined);
  else
    assert.deepEqual(
      Buffer.from(fast).toString('hex'),
      Buffer.from(general!).toString('hex'),
      packet.toString('hex'),
    );
  return fast !== 'dropped';
}

describe('the fast lane gives the bytes of the general lane', () => {
  it('for a host, its other types, and names that do not exist', async () => {
    const world = new World();
    await world.store.commit([
      ACCOUNT,
      zonePut(APEX),
      hostPut('home.dyn.test', APEX, { ipv4: '198.51.100.7', ipv6: '2001:db8::7' }),
    ]);
    await world.store.commit([hostPut('six.dyn.test', APEX, { ipv6: '2001:db8::8' })]);
    for (const edns of ['none', 'plain', 'do'] as const) {
      for (const labels of [['home'], ['HoMe'], ['six'], ['nx'], ['a', 'b', 'nx']]) {
        for (const type of [RRTYPE.A, RRTYPE.AAAA, RRTYPE.TXT, RRTYPE.HTTPS, RRTYPE.MX]) {
          assert.ok(
            compare(world, query([...labels, 'dyn', 'TEST'], type, { edns })),
            `${labels.join('.')} ${type}`,
          );
        }
      }
    }
  });

  it('with cookies, whatever they are worth', async () => {
    const world = new World();
    await world.store.commit([ACCOUNT, zonePut(APEX), hostPut('home.dyn.test', APEX, { ipv4: '192.0.2.7' })]);
    const ask = (cookie: Uint8Array, label = 'home'): Buffer =>
      query([label, 'dyn', 'test'], RRTYPE.A, { edns: 'plain', cookie });
    for (const label of ['home', 'nx']) {
      for (const [sent, isProven] of [
        [cookie(), false],
        [cookie(NOW - 60), true],
        [cookie(NOW - 2000), true],
        [cookie(NOW - 4000), false],
        [Buffer.alloc(40, 9), false],
      ] as const) {
        assert.ok(compare(world, ask(sent, label)));
        assert.equal(world.isProven, isProven);
      }
      assert.equal(world.fast(ask(Buffer.alloc(7), label)), 'handed over');
      assert.equal(world.fast(ask(Buffer.alloc(41), label)), 'handed over');
    }
  });

  it('for names as long as names can be', async () => {
    const world = new World();
    await world.store.commit([
      ACCOUNT,
      zonePut(APEX),
      hostPut('home.dyn.test', APEX, { ipv4: '198.51.100.7' }),
    ]);
    for (let rest = 1; rest <= 52; rest++) {
      const labels = ['a'.repeat(63), 'B'.repeat(63), 'c'.repeat(63), 'd'.repeat(rest), 'dyn', 'test'];
      assert.ok(compare(world, query(labels, RRTYPE.A, { edns: 'plain' })), `${rest}`);
    }
    const tooLong = ['a'.repeat(63), 'B'.repeat(63), 'c'.repeat(63), 'd'.repeat(53), 'dyn', 'test'];
    assert.equal(world.fast(query(tooLong, RRTYPE.A)), 'handed over');
  });

  it('and leaves to that lane what is not plain', async () => {
    const world = new World();
    await world.store.commit([
      ACCOUNT,
      zonePut(APEX),
      hostPut('home.dyn.test', APEX, { ipv4: '198.51.100.7', wildcard: true }),
    ]);
    const text = { type: RRTYPE.TXT, ttl: 60, rdata: [Buffer.from('\x01x')] };
    await world.store.commit([
      hostPut('deep.er.dyn.test', APEX, { ipv4: '198.51.100.8' }),
      { kind: 'rrset-put', apex: name(APEX), owner: name('note.dyn.test'), rrset: text },
    ]);
    const left: [string[], number][] = [
      [['dyn', 'test'], RRTYPE.A],
      [['x', 'home', 'dyn', 'test'], RRTYPE.A],
      [['er', 'dyn', 'test'], RRTYPE.A],
      [['other', 'er', 'dyn', 'test'], RRTYPE.A],
      [['note', 'dyn', 'test'], RRTYPE.A],
      [['hostmaster', 'dyn', 'test'], RRTYPE.A],
      [['home', 'dyn', 'test'], RRTYPE.ANY],
      [['home', 'dyn', 'test'], RRTYPE.DS],
      [['home', 'else', 'test'], RRTYPE.A],
      [[], RRTYPE.A],
    ];
    for (const [labels, type] of left)
      assert.equal(world.fast(query(labels, type)), 'handed over', labels.join('.'));
    const plain = query(['home', 'dyn', 'test'], RRTYPE.A);
    for (const [offset, octet] of [
      [2, 0x29],
      [3, 0x40],
      [5, 2],
      [7, 1],
      [9, 1],
      [11, 2],
    ] as const) {
      const odd = Buffer.from(plain);
      odd[offset] = octet;
      assert.equal(world.fast(odd), 'handed over', `octet ${offset}`);
    }
    assert.equal(world.fast(Buffer.concat([plain, Buffer.from([0])])), 'handed over');
    assert.equal(world.fast(plain.subarray(0, 11)), 'dropped');
  });

  it("a wildcard's owner that a host shares with static records is the general lane's", async () => {
    const world = new World();
    const ipv6 = { type: RRTYPE.AAAA, ttl: 60, rdata: [Buffer.alloc(16, 7)] };
    await world.store.commit([
      ACCOUNT,
      zonePut(APEX),
      hostPut('home.dyn.test', APEX, { ipv4: '198.51.100.7', wildcard: true }),
      { kind: 'rrset-put', apex: name(APEX), owner: name('*.home.dyn.test'), rrset: ipv6 },
    ]);
    for (const label of ['*', 'sub'])
      for (const type of [RRTYPE.A, RRTYPE.AAAA])
        assert.equal(world.fast(query([label, 'home', 'dyn', 'test'], type)), 'handed over');
  });

  it("a zone's own names are the general lane's, also where its parent had a host of that name", async () => {
    const world = new World();
    await world.store.commit([ACCOUNT, zonePut(APEX), hostPut(`hostmaster.c.${APEX}`, APEX)]);
    await world.store.commit([zonePut(`c.${APEX}`)]);
    assert.equal(world.fast(query(['hostmaster', 'c', 'dyn', 'test'], RRTYPE.A)), 'handed over');
  });

  it('a removed host, an emptied zone and a new wildcard are seen at once', async () => {
    const world = new World();
    const home = query(['home', 'dyn', 'test'], RRTYPE.A);
    await world.store.commit([
      ACCOUNT,
      zonePut(APEX),
      hostPut('home.dyn.test', APEX, { ipv4: '198.51.100.7' }),
    ]);
    assert.ok(compare(world, home));
    await world.store.commit([{ kind: 'host-remove', zone: name(APEX), name: name('home.dyn.test') }]);
    assert.ok(compare(world, home));
    const wildcard = { type: RRTYPE.A, ttl: 60, rdata: [Buffer.from([1, 2, 3, 4])] };
    await world.store.commit([
      { kind: 'rrset-put', apex: name(APEX), owner: name('*.dyn.test'), rrset: wildcard },
    ]);
    assert.equal(world.fast(home), 'handed over');
    await world.store.commit([{ kind: 'zone-remove', apex: name(APEX) }]);
    assert.equal(world.fast(home), 'handed over');
    assert.equal(world.table.size, 0);
  });

  it('for any zones, changes and queries', async () => {
    const label = fc.constantFrom('a', 'b', 'c', 'ns1', 'hostmaster', '*');
    const fqdn = fc.array(label, { minLength: 1, maxLength: 3 }).map((labels) => [...labels, APEX].join('.'));
    const v4 = fc.option(fc.constantFrom('192.0.2.1', '192.0.2.2'), { nil: undefined });
    const v6 = fc.option(fc.constantFrom('2001:db8::1', '2001:db8::2'), { nil: undefined });
    const fqdnOrApex = fc.oneof({ weight: 9, arbitrary: fqdn }, fc.constant(APEX));
    const wire = (text: string): Buffer => Buffer.from(name(text), 'latin1');
    const records = fc.constantFrom(
      { type: RRTYPE.TXT, ttl: 60, rdata: [Buffer.from('\x01x')] },
      { type: RRTYPE.A, ttl: 60, rdata: [Buffer.from([9, 9, 9, 9])] },
      { type: RRTYPE.A, ttl: 61, rdata: [Buffer.from([9, 9, 9, 9]), Buffer.from([9, 9, 9, 8])] },
      { type: RRTYPE.AAAA, ttl: 60, rdata: [Buffer.alloc(16, 7)] },
      { type: RRTYPE.AAAA, ttl: 60, rdata: [Buffer.from('00000000000000000000ffffc0000201', 'hex')] },
      { type: RRTYPE.NS, ttl: 60, rdata: [wire('a.b.dyn.test')] },
      { type: RRTYPE.DNAME, ttl: 60, rdata: [wire('else.test')] },
      { type: RRTYPE.CNAME, ttl: 60, rdata: [wire('a.dyn.test')] },
    );
    const change: fc.Arbitrary<Change> = fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .record({ fqdn, v4, v6, wildcard: fc.boolean(), ttl: fc.constantFrom(60, 61) })
          .map((host) =>
            hostPut(host.fqdn.replaceAll('*', 'w'), APEX, {
              ...(host.v4 === undefined ? {} : { ipv4: host.v4 }),
              ...(host.v6 === undefined ? {} : { ipv6: host.v6 }),
              wildcard: host.wildcard,
              ttl: host.ttl,
            }),
          ),
      },
      fqdn.map((host) => ({ kind: 'host-remove', zone: name(APEX), name: name(host) }) as const),
      {
        weight: 3,
        arbitrary: fc
          .tuple(fqdnOrApex, records)
          .map(
            ([owner, rrset]) => ({ kind: 'rrset-put', apex: name(APEX), owner: name(owner), rrset }) as const,
          ),
      },
      fc
        .tuple(fqdnOrApex, records)
        .map(
          ([owner, { type }]) =>
            ({ kind: 'rrset-remove', apex: name(APEX), owner: name(owner), type }) as const,
        ),
      fc.constantFrom(
        zonePut(APEX, { serial: 7 }),
        zonePut(APEX, { mname: 'b.dyn.test', rname: 'a.b.dyn.test', serial: 8 }),
        zonePut(APEX, { mname: 'ns.else.test', rname: 'h.ns.else.test', serial: 9 }),
        zonePut(`c.${APEX}`),
        { kind: 'zone-remove', apex: name(`c.${APEX}`) } as const,
      ),
    );
    const asked = fc.tuple(
      fc.array(label, { maxLength: 4 }),
      fc.constantFrom(1, 28, 16, 2, 255),
      fc.constantFrom<('none' | 'plain' | 'do')[]>('none', 'plain', 'do'),
      fc.constantFrom(...[undefined, cookie(), cookie(NOW), cookie(NOW - 2000), cookie(NOW - 9999)]),
    );
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 6 }),
        fc.array(asked, { maxLength: 40 }),
        async (commits, queries) => {
          const world = new World();
          await world.store.commit([ACCOUNT, zonePut(APEX)]);
          for (const changes of commits) {
            await world.store.commit(changes);
            for (const [labels, type, edns, sent] of queries) {
              const options = { edns, ...(edns === 'none' || sent === undefined ? {} : { cookie: sent }) };
              if (compare(world, query([...labels, 'dyn', 'test'], type, options))) answered++;
            }
          }
        },
      ),
      { numRuns: Number(process.env['LANE_RUNS'] ?? 500) },
    );
    assert.ok(answered > 500, `the fast lane answered only ${answered}`);
  });
});

describe('while a large commit is published', () => {
  const APEXES = ['dyn.test', 'sub.dyn.test'];
  const many = (apex: string, more: { ipv4?: string; ipv6?: string }): Change[] =>
    Array.from({ length: 3000 }, (_, i) => hostPut(`h${i}.${apex}`, apex, more));
  const removal = (apex: string): Change[] =>
    Array.from({ length: 3000 }, (_, i) => ({
      kind: 'host-remove',
      zone: name(apex),
      name: name(`h${i}.${apex}`),
    }));
  const commits: readonly (readonly Change[])[] = [
    [zonePut('dyn.test'), ...many('dyn.test', { ipv4: '198.51.100.1' })],
    [...many('dyn.test', { ipv6: '2001:db8::1' }), zonePut('dyn.test', { serial: 2 })],
    [hostPut('h1.sub.dyn.test', 'dyn.test', { ipv4: '198.51.100.2' })],
    [zonePut('sub.dyn.test'), ...many('sub.dyn.test', { ipv6: '2001:db8::2' })],
    [zonePut('dyn.test', { serial: 3, rname: 'h5.dyn.test' })],
    [...removal('dyn.test'), zonePut('dyn.test', { serial: 4 })],
    [{ kind: 'zone-remove', apex: name('sub.dyn.test') }],
  ];

  it('nothing that exists is ever denied', async () => {
    const world = new World();
    let steps = 0;
    let answers = 0;
    const check = (): void => {
      for (const labels of [
        ...APEXES.flatMap((apex) => ['h1', 'h5', 'h2999', 'nx'].map((host) => `${host}.${apex}`)),
        ...APEXES,
      ]) {
        for (const type of [RRTYPE.A, RRTYPE.AAAA]) {
          const packet = query(labels.split('.'), type);
          const fast = world.fast(packet);
          if (typeof fast === 'string' || fast[7] !== 0) continue;
          answers++;
          assert.equal(
            Buffer.from(fast).toString('hex'),
            Buffer.from(world.general(packet)!).toString('hex'),
            labels,
          );
        }
      }
    };
    world.publishInSteps = () => {
      steps++;
      check();
    };
    await world.store.commit([ACCOUNT, zonePut('test')]);
    for (const changes of commits) await world.store.commit(changes);
    check();
    assert.ok(steps > 50, `${steps} steps`);
    assert.ok(answers > 50, `${answers} absences`);
  });
});
