import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AddressIntent, UpdateRequest } from '../../../src/update/request.ts';
import { type Room, alice, createRoom, ip, name } from './fixture.ts';

const keep: AddressIntent = { kind: 'keep' };

function set(text: string): AddressIntent {
  return { kind: 'set', address: ip(text) };
}

function request(hostnames: readonly string[], change: Partial<UpdateRequest>): UpdateRequest {
  return { principal: alice, hostnames: hostnames.map(name), ipv4: keep, ipv6: keep, ...change };
}

async function kinds(room: Room, wanted: UpdateRequest): Promise<readonly string[]> {
  const result = await room.service.update(wanted);
  return result.kind === 'hosts' ? result.outcomes.map((outcome) => outcome.kind) : [result.kind];
}

describe('update service', () => {
  it('changes an address once and finds the repeat unchanged, by value', async () => {
    const room = await createRoom();
    assert.deepEqual(await kinds(room, request(['home.dyn.test'], { ipv6: set('2001:db8:0::7') })), [
      'changed',
    ]);
    assert.deepEqual(await kinds(room, request(['home.dyn.test'], { ipv6: set('2001:DB8::0007') })), [
      'unchanged',
    ]);
    assert.equal(room.store.commits.length, 1);
    assert.equal(room.host('home.dyn.test')?.ipv6, ip('2001:db8::7'));
  });

  it('keeps the family that is not mentioned and clears the one that is to be cleared', async () => {
    const room = await createRoom();
    await kinds(room, request(['home.dyn.test'], { ipv4: set('198.51.100.7'), ipv6: set('2001:db8::7') }));
    await kinds(room, request(['home.dyn.test'], { ipv4: set('198.51.100.8') }));
    assert.equal(room.host('home.dyn.test')?.ipv6, ip('2001:db8::7'));
    await kinds(room, request(['home.dyn.test'], { ipv6: { kind: 'clear' } }));
    assert.equal(room.host('home.dyn.test')?.ipv6, null);
    assert.equal(room.host('home.dyn.test')?.ipv4, ip('198.51.100.8'));
  });

  it('answers each host in request order, and an unknown host like one of somebody else', async () => {
    const room = await createRoom();
    const wanted = request(
      ['shop.dyn.test', 'home.dyn.test', 'none.dyn.test', 'vpn.dyn.test', 'home.dyn.test'],
      {
        ipv4: set('198.51.100.7'),
      },
    );
    assert.deepEqual(await kinds(room, { ...wanted, hostnames: [...wanted.hostnames, undefined] }), [
      'no-such-host',
      'changed',
      'no-such-host',
      'changed',
      'changed',
      'not-fqdn',
    ]);
    assert.equal(room.store.commits.length, 1, 'one request is one commit');
    assert.equal(room.host('shop.dyn.test')?.ipv4, null);
  });

  it('tells a limited token that its account has the host, but does not let it update', async () => {
    const room = await createRoom();
    const principal = {
      kind: 'token',
      account: 'alice',
      tokenId: 't1',
      hosts: new Set([name('vpn.dyn.test')]),
    } as const;
    const wanted = request(['vpn.dyn.test', 'home.dyn.test', 'shop.dyn.test'], {
      principal,
      ipv4: set('10.0.0.1'),
    });
    assert.deepEqual(await kinds(room, wanted), ['changed', 'not-permitted', 'no-such-host']);
  });

  it("refuses what the zone's policy does not publish, and then changes neither family", async () => {
    const room = await createRoom({ accept: 'public' });
    const wanted = request(['home.dyn.test'], { ipv4: set('192.168.1.4'), ipv6: set('2a00::1') });
    assert.deepEqual(await kinds(room, wanted), ['address-refused']);
    assert.equal(room.host('home.dyn.test')?.ipv6, null);
    for (const address of ['0.0.0.0', '255.255.255.255', '224.0.0.1', '::', 'ff02::1']) {
      const any = await createRoom({ accept: 'any' });
      const intent = address.includes(':') ? { ipv6: set(address) } : { ipv4: set(address) };
      assert.deepEqual(await kinds(any, request(['home.dyn.test'], intent)), ['address-refused'], address);
    }
  });

  it('limits the hosts of a request and wants at least one', async () => {
    const room = await createRoom();
    assert.deepEqual(await kinds(room, request([], {})), ['no-hostname']);
    const many = Array.from({ length: 21 }, (_, i) => `h${i}.dyn.test`);
    assert.deepEqual(await kinds(room, request(many, {})), ['too-many-hosts']);
  });

  it('serves nothing that is not durable, and recovers with the store', async () => {
    const room = await createRoom();
    room.store.broken = true;
    assert.deepEqual(await kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.1') })), [
      'unavailable',
    ]);
    assert.equal(room.host('home.dyn.test')?.ipv4, null);
    room.store.broken = false;
    assert.deepEqual(await kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.1') })), ['changed']);
  });
});

describe('the one writer', () => {
  it('puts updates of different hosts into one commit and keeps the order for one host', async () => {
    const room = await createRoom();
    const updates = [
      request(['home.dyn.test'], { ipv4: set('10.0.0.1') }),
      request(['vpn.dyn.test'], { ipv4: set('10.0.0.2') }),
      request(['home.dyn.test'], { ipv4: set('10.0.0.3') }),
    ];
    await Promise.all(updates.map((update) => kinds(room, update)));
    assert.equal(room.store.commits.length, 2);
    assert.equal(room.host('home.dyn.test')?.ipv4, ip('10.0.0.3'));
  });

  it('never calls an address unchanged that a pending update is about to replace', async () => {
    const room = await createRoom();
    await room.service.update(request(['home.dyn.test'], { ipv4: set('10.0.0.1') }));
    let open = (): void => undefined;
    room.store.gate = new Promise((resolve) => (open = resolve));
    const forth = kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.2') }));
    const back = kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.1') }));
    open();
    assert.deepEqual([await forth, await back], [['changed'], ['changed']]);
    assert.equal(room.host('home.dyn.test')?.ipv4, ip('10.0.0.1'));
  });

  it('bounds its queue and answers what it accepted', async () => {
    const room = await createRoom({ queueLimit: 1 });
    const results = await Promise.all(
      ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((text) =>
        kinds(room, request(['home.dyn.test'], { ipv4: set(text) })),
      ),
    );
    assert.deepEqual(results, [['changed'], ['overloaded'], ['overloaded']]);
  });

  it('raises the serial with every commit that changes the zone, also when the clock stands or goes back', async () => {
    const room = await createRoom();
    const serial = (): number => room.store.view.zone(name('dyn.test'))!.settings.serial;
    const seen = [serial()];
    for (const [step, text] of ['10.0.0.1', '10.0.0.2', '10.0.0.3'].entries()) {
      room.clock.time -= step * 1_000_000;
      await room.service.update(request(['home.dyn.test'], { ipv4: set(text) }));
      seen.push(serial());
    }
    assert.deepEqual(
      seen,
      [...new Set(seen)].sort((a, b) => a - b),
    );
    await room.service.update(request(['home.dyn.test'], { ipv4: set('10.0.0.3') }));
    assert.equal(serial(), seen.at(-1), 'an unchanged update leaves the serial');
  });

  it('settles everything it accepted before it closes, and accepts nothing after', async () => {
    const room = await createRoom();
    const last = kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.1') }));
    await room.committer.close();
    assert.deepEqual(await last, ['changed']);
    assert.deepEqual(await kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.2') })), [
      'unavailable',
    ]);
  });

  it('fails only the intent whose plan throws', async () => {
    const room = await createRoom();
    const broken = room.committer.submit({
      footprint: [],
      plan: () => {
        throw new RangeError('a bug');
      },
    });
    const update = kinds(room, request(['home.dyn.test'], { ipv4: set('10.0.0.1') }));
    await assert.rejects(broken, /a bug/);
    assert.deepEqual(await update, ['changed']);
  });
});

describe('a plan in steps', () => {
  it('sees one state to its end: what arrives meanwhile is planned after it', async () => {
    const room = await createRoom();
    const before = room.host('home.dyn.test');
    const seen: unknown[] = [];
    let turns = 0;
    const long = room.committer.submit({
      footprint: 'everything',
      *plan(view) {
        for (; turns < 20; turns++) {
          seen.push(view.host(name('home.dyn.test')));
          yield;
        }
        return { changes: [{ kind: 'account-remove', name: 'bob' }], result: 'planned' };
      },
    });
    while (turns < 3) await new Promise((resolve) => setImmediate(resolve));
    const updated = kinds(room, request(['home.dyn.test'], { ipv4: set('198.51.100.7') }));
    assert.equal(room.store.view.account('bob')?.name, 'bob', 'the plan is still under way');
    assert.deepEqual(await long, { kind: 'committed', result: 'planned' });
    assert.deepEqual(await updated, ['changed']);
    for (const each of seen) assert.deepEqual(each, before);
    assert.equal(room.store.view.account('bob'), undefined);
  });
});
