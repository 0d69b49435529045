/** The battery that every store passes. Each test gets an empty store of its own. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { digestTokenSecret } from '../../src/account/token.ts';
import { parseInterfaceId } from '../../src/net/interface-id.ts';
import { parseIpPrefix } from '../../src/net/ip-prefix.ts';
import type { Change } from '../../src/store/change.ts';
import { type Store, StoreError } from '../../src/store/store.ts';
import { formatName } from '../../src/zone/name.ts';
import { RRTYPE } from '../../src/zone/rrtype.ts';
import { enrolment, event, machine } from './enrolment-samples.ts';
import { PREPARED } from './store-prepared.ts';
import { SAMPLE, account, address, dump, host, name, rrset, token, zone } from './store-samples.ts';

/** Makes an empty store; `dispose` closes it and removes what it left. */
export interface StoreUnderTest {
  readonly store: Store;
  readonly dispose: () => Promise<void>;
}

/** Registers the battery for one kind of store. */
export function testStore(kind: string, create: () => Promise<StoreUnderTest>): void {
  const storeTest = (title: string, body: (store: Store) => Promise<void>): void => {
    test(title, async () => {
      const { store, dispose } = await create();
      try {
        await body(store);
      } finally {
        await dispose();
      }
    });
  };

  suite(`${kind} store`, () => {
    storeTest('begins empty, writable, at commit 0, with a key of 32 random bytes', async (store) => {
      const other = await create();
      assert.equal(store.view.sequence, 0);
      assert.deepEqual(store.health, { writable: true });
      assert.equal(store.view.tokenKey.length, 32);
      assert.notDeepEqual(Buffer.from(store.view.tokenKey), Buffer.from(other.store.view.tokenKey));
      assert.deepEqual([...store.view.zones(), ...store.view.accounts(), ...store.view.tokens()], []);
      await other.dispose();
    });

    storeTest('shows a commit before its promise resolves, and not before it is made', async (store) => {
      const committing = store.commit(SAMPLE[0]!);
      assert.equal(store.view.zone(name('dyn.test')), undefined);
      assert.equal(store.view.sequence, 0);
      await committing;
      assert.equal(store.view.zone(name('dyn.test'))?.settings.serial, 1);
      assert.equal(store.view.sequence, 1);
      await store.commit([]);
      assert.equal(store.view.sequence, 2);
    });

    storeTest('finds a host by the zone with the longest apex', async (store) => {
      await store.commit([
        { kind: 'zone-put', zone: zone('test') },
        { kind: 'zone-put', zone: zone('dyn.test') },
        { kind: 'host-put', host: host('a.dyn.test', 'dyn.test') },
        { kind: 'host-put', host: host('b.test', 'test') },
      ]);
      const { view } = store;
      assert.equal(view.zoneFor(name('x.y.dyn.test'))?.apex, name('dyn.test'));
      assert.equal(view.zoneFor(name('dyn.test'))?.apex, name('dyn.test'));
      assert.equal(view.zoneFor(name('xdyn.test'))?.apex, name('test'));
      assert.equal(view.zoneFor(name('elsewhere')), undefined);
      assert.equal(view.host(name('a.dyn.test'))?.zone, name('dyn.test'));
      assert.equal(view.host(name('b.test'))?.zone, name('test'));
      assert.equal(view.host(name('c.test')), undefined);
    });

    storeTest('replaces only the settings of a zone that is there', async (store) => {
      for (const changes of SAMPLE) await store.commit(changes);
      await store.commit([{ kind: 'zone-put', zone: zone('dyn.test', 77) }]);
      const served = store.view.zone(name('dyn.test'))!;
      assert.equal(served.settings.serial, 77);
      assert.equal(served.hostCount, 1);
      assert.equal([...served.staticRRsets()].length, 2);
    });

    storeTest('takes RRsets and hosts away with their zone', async (store) => {
      for (const changes of SAMPLE) await store.commit(changes);
      await store.commit([{ kind: 'zone-remove', apex: name('dyn.test') }]);
      assert.equal(store.view.host(name('home.dyn.test')), undefined);
      await store.commit([{ kind: 'zone-put', zone: zone('dyn.test') }]);
      const served = store.view.zone(name('dyn.test'))!;
      assert.equal(served.hostCount, 0);
      assert.deepEqual([...served.staticRRsets()], []);
    });

    storeTest(
      'remembers the last serial of a zone that was removed, until it is there again',
      async (store) => {
        const apex = name('dyn.test');
        await store.commit([{ kind: 'zone-put', zone: zone('dyn.test', 4_000_000_000) }]);
        assert.equal(store.view.retiredSerial(apex), undefined);
        await store.commit([{ kind: 'zone-remove', apex }]);
        assert.equal(store.view.retiredSerial(apex), 4_000_000_000);
        await store.commit([{ kind: 'zone-remove', apex }]);
        assert.equal(store.view.retiredSerial(apex), 4_000_000_000, 'removing nothing forgets nothing');
        assert.equal(store.view.retiredSerial(name('other.test')), undefined);
        await store.commit([{ kind: 'retired-put', retired: { apex, serial: 4_000_000_007 } }]);
        assert.equal(store.view.retiredSerial(apex), 4_000_000_007);
        await store.commit([{ kind: 'zone-put', zone: zone('dyn.test', 4_000_000_008) }]);
        assert.equal(store.view.retiredSerial(apex), undefined);
        await store.commit([{ kind: 'retired-put', retired: { apex, serial: 1 } }]);
        assert.equal(store.view.retiredSerial(apex), undefined, 'what is there is not retired');
      },
    );

    storeTest('knows which hosts are on whose prefix, also after they moved or went', async (store) => {
      const derived = { subnet: 3, interfaceId: parseInterfaceId('::7')!, router: name('r1.dyn.test') };
      const nas = host('nas.dyn.test', 'dyn.test', { derived });
      const tv = host('tv.sub.test', 'sub.test', { derived });
      const r1 = host('r1.dyn.test', 'dyn.test', { prefix: parseIpPrefix('2001:db8:1:200::/56')! });
      const { view } = store;
      const on = (router: string): readonly string[] =>
        [...view.derivedFrom(name(router))].map(formatName).sort();
      await store.commit([
        { kind: 'zone-put', zone: zone('dyn.test') },
        { kind: 'zone-put', zone: zone('sub.test') },
        ...[nas, r1, tv, host('r2.dyn.test', 'dyn.test')].map(
          (each) => ({ kind: 'host-put', host: each }) as const,
        ),
      ]);
      assert.deepEqual(view.host(r1.name), r1);
      assert.deepEqual(view.host(nas.name), nas);
      assert.deepEqual(on('r1.dyn.test'), ['nas.dyn.test.', 'tv.sub.test.']);
      assert.deepEqual(on('r2.dyn.test'), []);
      const router = name('r2.dyn.test');
      await store.commit([{ kind: 'host-put', host: { ...nas, derived: { ...derived, router } } }]);
      assert.deepEqual([on('r1.dyn.test'), on('r2.dyn.test')], [['tv.sub.test.'], ['nas.dyn.test.']]);
      const { prefix: _prefix, ...bare } = r1;
      await store.commit([
        { kind: 'zone-remove', apex: name('sub.test') },
        { kind: 'host-remove', zone: nas.zone, name: nas.name },
        { kind: 'host-put', host: bare },
      ]);
      assert.deepEqual([on('r1.dyn.test'), on('r2.dyn.test')], [[], []]);
      assert.deepEqual(view.host(r1.name), bare);
      assert.equal(_prefix, r1.prefix);
    });

    storeTest('puts and removes RRsets by owner and type', async (store) => {
      const at = { apex: name('dyn.test'), owner: name('www.dyn.test') };
      const set = rrset('TXT', 60, '"one"');
      await store.commit([
        { kind: 'zone-put', zone: zone('dyn.test') },
        { kind: 'rrset-put', ...at, rrset: rrset('TXT', 60, '"zero"') },
        { kind: 'rrset-put', ...at, rrset: set },
      ]);
      const served = store.view.zone(at.apex)!;
      assert.deepEqual(served.staticRRset(at.owner, RRTYPE.TXT), set);
      await store.commit([{ kind: 'rrset-remove', ...at, type: RRTYPE.TXT }]);
      assert.equal(served.node(at.owner), undefined);
    });

    storeTest(
      'takes a host and its TXT values away in one commit, and keeps what another name has',
      async (store) => {
        const apex = name('dyn.test');
        const set = rrset('TXT', 60, '"one"');
        const put = (owner: string): Change => ({ kind: 'rrset-put', apex, owner: name(owner), rrset: set });
        const gone = (owner: string): Change => {
          return { kind: 'rrset-remove', apex, owner: name(owner), type: RRTYPE.TXT };
        };
        const [home, challenge] = ['h.dyn.test', '_acme-challenge.h.dyn.test'];
        await store.commit([
          { kind: 'zone-put', zone: zone('dyn.test') },
          { kind: 'host-put', host: host(home, 'dyn.test') },
          ...[home, challenge, '_acme-challenge.i.dyn.test'].map(put),
        ]);
        const kinds: string[][] = [];
        const stop = store.onCommit((changes) => {
          kinds.push(changes.map(({ kind }) => kind));
        });
        await store.commit([
          { kind: 'host-remove', zone: apex, name: name(home) },
          gone(home),
          gone(challenge),
        ]);
        stop();
        const served = store.view.zone(apex)!;
        assert.deepEqual(kinds, [['host-remove', 'rrset-remove', 'rrset-remove']]);
        assert.deepEqual([served.node(name(home)), served.node(name(challenge))], [undefined, undefined]);
        assert.deepEqual(served.staticRRset(name('_acme-challenge.i.dyn.test'), RRTYPE.TXT), set);
      },
    );

    storeTest('finds tokens by id and by digest, and takes them away with their account', async (store) => {
      const digest = digestTokenSecret('secret', store.view.tokenKey);
      await store.commit([
        { kind: 'account-put', account: account('ann') },
        { kind: 'token-put', token: token('t1', { digest }) },
        { kind: 'token-put', token: token('t2') },
        { kind: 'token-put', token: token('t3', { account: 'bob' }) },
      ]);
      assert.equal(store.view.tokenByDigest(digest)?.id, 't1');
      await store.commit([{ kind: 'token-put', token: token('t1', { digest: 'another' }) }]);
      assert.equal(store.view.tokenByDigest(digest), undefined);
      assert.equal(store.view.tokenByDigest('another')?.id, 't1');
      await store.commit([{ kind: 'token-remove', id: 't2' }]);
      assert.equal(store.view.tokenByDigest('digest-of-t2'), undefined);
      await store.commit([{ kind: 'account-remove', name: 'ann' }]);
      assert.equal(store.view.account('ann'), undefined);
      assert.equal(store.view.token('t1'), undefined);
      assert.equal(store.view.tokenByDigest('another'), undefined);
      assert.equal(store.view.token('t3')?.account, 'bob');
    });

    storeTest('changes nothing when the same changes come a second time', async (store) => {
      for (const changes of SAMPLE) await store.commit(changes);
      const before = dump(store.view) as object;
      await store.commit(SAMPLE[1]!);
      assert.deepEqual(dump(store.view), { ...before, sequence: 3 });
    });

    storeTest('tells listeners once the commit is visible', async (store) => {
      const seen: (readonly Change[])[] = [];
      const stop = store.onCommit((changes) => {
        assert.equal(store.view.host(name('h.dyn.test'))?.ipv4, address('192.0.2.7'));
        seen.push(changes);
      });
      const changes: Change[] = [
        { kind: 'zone-put', zone: zone('dyn.test') },
        { kind: 'host-put', host: host('h.dyn.test', 'dyn.test', { ipv4: address('192.0.2.7') }) },
      ];
      await store.commit(changes);
      assert.deepEqual(seen, [changes]);
      stop();
      await store.commit(changes);
      assert.equal(seen.length, 1);
    });

    storeTest(
      'finds codes by their digests, and their machines by host and by what they are',
      async (store) => {
        const { enrolments } = store.view;
        await store.commit([
          { kind: 'enrolment-put', enrolment: enrolment('e1') },
          { kind: 'machine-put', machine: machine('e1', 'a.dyn.test', { serial: 'S1' }) },
          { kind: 'machine-put', machine: machine('e1', 'b.dyn.test', { name: 'PC-B' }) },
          { kind: 'machine-put', machine: machine('e2', 'a.dyn.test', { serial: 'S2' }) },
        ]);
        assert.deepEqual(enrolments.byDigest('digest-of-e1'), enrolments.get('e1'));
        await store.commit([
          { kind: 'enrolment-put', enrolment: enrolment('e1', { digest: 'another', used: 2 }) },
          {
            kind: 'machine-put',
            machine: machine('e1', 'a.dyn.test', { serial: 'S3', tokens: ['t7', 't8'] }),
          },
        ]);
        assert.equal(enrolments.byDigest('digest-of-e1'), undefined);
        assert.equal(enrolments.byDigest('another')?.used, 2);
        assert.deepEqual(enrolments.machine('e1', name('a.dyn.test'))?.tokens, ['t7', 't8']);
        assert.equal(enrolments.machineKnownAs('e1', 'serial s1'), undefined);
        assert.equal(enrolments.machineKnownAs('e1', 'serial s3')?.host, name('a.dyn.test'));
        assert.equal(enrolments.machineKnownAs('e1', 'name pc-b')?.host, name('b.dyn.test'));
        await store.commit([{ kind: 'machine-remove', enrolment: 'e1', host: name('a.dyn.test') }]);
        assert.equal(enrolments.machine('e1', name('a.dyn.test')), undefined);
        assert.equal(enrolments.machineKnownAs('e1', 'serial s3'), undefined);
        assert.equal([...enrolments.machines('e1')].length, 1);
        assert.equal(enrolments.machine('e2', name('a.dyn.test'))?.serial, 'S2');
      },
    );

    storeTest('keeps every line about an enrolment, and the last thousand of the others', async (store) => {
      const numbers = Array.from({ length: 1010 }, (_, i) => i + 2);
      await store.commit([
        { kind: 'event-put', event: event('e1', 1, { kind: 'enrolled', reason: null }) },
        ...numbers.map((number) => ({ kind: 'event-put', event: event('e1', number) }) as const),
        { kind: 'event-put', event: event('e1', 5) },
      ]);
      const kept = store.view.enrolments.events('e1').map(({ number }) => number);
      assert.deepEqual(kept, [1, ...numbers.slice(10)]);
      assert.deepEqual(store.view.enrolments.events('e2'), []);
    });

    storeTest('forgets a code with its log, and its machines one by one', async (store) => {
      const { enrolments } = store.view;
      await store.commit([
        { kind: 'enrolment-put', enrolment: enrolment('e1') },
        { kind: 'machine-put', machine: machine('e1', 'a.dyn.test', { serial: 'S1' }) },
        { kind: 'machine-put', machine: machine('e2', 'a.dyn.test', { serial: 'S2' }) },
        { kind: 'event-put', event: event('e1', 1) },
      ]);
      const at = (): string[] =>
        [...enrolments.machinesAt(name('a.dyn.test'))].map((one) => one.enrolment).sort();
      await store.commit([{ kind: 'enrolment-remove', id: 'e1' }]);
      assert.deepEqual([...enrolments.all()], []);
      assert.equal(enrolments.byDigest('digest-of-e1'), undefined);
      assert.deepEqual(enrolments.events('e1'), []);
      assert.deepEqual(at(), ['e1', 'e2']);
      await store.commit([
        { kind: 'machine-remove', enrolment: 'e1', host: name('a.dyn.test') },
        { kind: 'enrolment-remove', id: 'e9' },
      ]);
      assert.deepEqual(at(), ['e2']);
    });

    for (const [title, body] of PREPARED) storeTest(title, body);

    storeTest('refuses commits after it was closed, and closes twice', async (store) => {
      await store.commit(SAMPLE[0]!);
      await store.close();
      await store.close();
      assert.equal(store.health.writable, false);
      await assert.rejects(
        store.commit(SAMPLE[1]!),
        (error) => error instanceof StoreError && error.code === 'closed',
      );
      assert.equal(store.view.sequence, 1);
    });
  });
}
