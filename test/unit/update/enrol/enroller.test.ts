import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { createMemoryStore } from '../../../../src/store/memory.ts';
import { FaultyStore, name } from '../fixture.ts';
import { refusal, value } from '../office.ts';
import { type EnrolOffice, enrolled, openEnrolOffice } from './enrol-office.ts';

const DAY = 86_400_000;

async function open(): Promise<EnrolOffice & { store: FaultyStore }> {
  const store = new FaultyStore(createMemoryStore());
  return { ...(await openEnrolOffice(store)), store };
}

suite('enrolment', () => {
  test('makes host, token, count and log in one commit', async () => {
    const office = await open();
    const { id, code } = await office.code('shop-{serial}', { ttl: 120 });
    const before = office.store.commits.length;
    const made = enrolled(
      await office.enrol(code, { name: 'PC-0042', serial: '5CG1234XYZ', source: '2001:db8::7' }),
    );
    assert.equal(office.store.commits.length, before + 1);
    assert.equal(made.host, 'shop-5cg1234xyz.dyn.test');
    assert.deepEqual([made.zone, made.account, made.renewed], ['dyn.test', 'shops', false]);
    assert.deepEqual(made.servers, ['ns1.dyn.test', 'ns2.example.org']);
    assert.ok(office.isToken(made.secret));
    const { view } = office.store;
    assert.deepEqual(view.token(made.tokenId)?.hosts, [name(made.host)]);
    assert.equal(view.host(name(made.host))?.ttl, 120);
    const [shown] = value(await office.run({ kind: 'enroll-list' }));
    assert.deepEqual([shown?.used, shown?.state, shown?.createdBy], [1, 'active', 'tester']);
    const log = value(await office.run({ kind: 'enroll-log', id }));
    assert.deepEqual(
      log.map(({ kind, source, name: who, serial, host, token }) => [kind, source, who, serial, host, token]),
      [['enrolled', '2001:db8::7', 'PC-0042', '5CG1234XYZ', made.host, made.tokenId]],
    );
    await office.close();
  });

  test('never takes more machines than the code has uses, also when 50 come at once', async () => {
    const office = await open();
    const { code } = await office.code('pc-{name}', { uses: 20 });
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) => office.enrol(code, { name: `m${i}`, source: `192.0.2.${i}` })),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === 'enrolled').length, 20);
    assert.equal(outcomes.filter(({ kind }) => kind === 'used-up-code').length, 30);
    assert.equal(office.store.view.zone(name('dyn.test'))?.hostCount, 20);
    await office.close();
  });

  test('gives a machine that comes again another token, keeps two valid, and counts no further use', async () => {
    const office = await open();
    const { id, code } = await office.code('shop-{serial}', { uses: 1 });
    const secrets: string[] = [];
    for (let i = 0; i < 5; i++) {
      // Reinstalled, it may have another name.
      const again = enrolled(await office.enrol(code, { name: `DESKTOP-${i}`, serial: 'S1' }));
      assert.equal(again.renewed, i > 0);
      secrets.push(again.secret);
    }
    assert.deepEqual(secrets.map(office.isToken), [false, false, false, true, true]);
    const often = await office.enrol(code, { serial: 'S1' });
    assert.deepEqual(often, { enrolment: id, kind: 'too-often', retryAfterSeconds: 86_400 });
    office.clock.time += DAY;
    enrolled(await office.enrol(code, { serial: 'S1' }));
    assert.equal((await office.enrol(code, { serial: 'S2' })).kind, 'used-up-code');
    const [shown] = value(await office.run({ kind: 'enroll-list' }));
    assert.deepEqual([shown?.used, shown?.state], [1, 'used-up']);
    await office.close();
  });

  test('changes nothing where a name is taken by what the code did not make', async () => {
    const office = await open();
    value(await office.run({ kind: 'account-add', name: 'other', admin: false, password: null }));
    const add = { kind: 'host-add', ttl: 60, wildcard: false } as const;
    value(await office.run({ ...add, fqdn: 'shop-s1.dyn.test', account: 'other' }));
    value(await office.run({ ...add, fqdn: 'shop-s2.dyn.test', account: 'shops' }));
    value(
      await office.run({ kind: 'record-set', owner: 'shop-s3.dyn.test', type: 'A', values: ['192.0.2.9'] }),
    );
    const first = await office.code('shop-{serial}');
    const second = await office.code('shop-{serial}');
    enrolled(await office.enrol(first.code, { serial: 's4' }));
    for (const serial of ['s1', 's2', 's3', 's4']) {
      const outcome = await office.enrol(second.code, { serial });
      assert.deepEqual(outcome, {
        enrolment: second.id,
        kind: 'host-taken',
        host: `shop-${serial}.dyn.test`,
      });
    }
    assert.equal(office.store.view.host(name('shop-s1.dyn.test'))?.account, 'other');
    assert.equal([...office.store.view.tokens()].length, 1);
    await office.close();
  });

  test('tells two machines of one name apart by their serial numbers', async () => {
    const office = await open();
    const { code } = await office.code('{name}');
    enrolled(await office.enrol(code, { name: 'front', serial: 'S1' }));
    assert.equal((await office.enrol(code, { name: 'FRONT', serial: 'S2' })).kind, 'other-machine');
    assert.ok(enrolled(await office.enrol(code, { name: 'Front', serial: 's1' })).renewed);
    await office.close();
  });

  test('counts with {n}, past names that are taken, and knows a machine again', async () => {
    const office = await open();
    value(
      await office.run({
        kind: 'host-add',
        fqdn: 'till0002.dyn.test',
        account: 'shops',
        ttl: 60,
        wildcard: false,
      }),
    );
    const { code } = await office.code('till{n:4}');
    const hosts: string[] = [];
    for (const serial of ['a1', 'b1', 'a1', 'c1'])
      hosts.push(enrolled(await office.enrol(code, { serial })).host);
    assert.deepEqual(
      hosts.map((host) => host.slice(0, 8)),
      ['till0001', 'till0003', 'till0001', 'till0004'],
    );
    await office.close();
  });

  test('asks for what the pattern needs', async () => {
    const office = await open();
    const { code } = await office.code('shop-{serial}');
    assert.equal((await office.enrol(code, {})).kind, 'serial-needed');
    assert.equal((await office.enrol(code, { serial: 'To Be Filled By O.E.M.' })).kind, 'serial-needed');
    assert.equal((await office.enrol(code, { serial: 'ab'.repeat(30) })).kind, 'name-unusable');
    await office.close();
  });

  test('tells a revoked code from an unknown one to nobody, and an expired one to its holder', async () => {
    const office = await open();
    const revoked = await office.code('a-{name}');
    const expiring = await office.code('b-{name}', { lifetimeSeconds: 3600 });
    value(await office.run({ kind: 'enroll-revoke', id: revoked.id }));
    const unknown = await office.enrol(`HMENR${'x'.repeat(24)}`, {});
    assert.deepEqual(await office.enrol(revoked.code, {}), unknown);
    assert.deepEqual(unknown, { kind: 'unknown-code' });
    office.clock.time += 3_600_000;
    assert.equal((await office.enrol(expiring.code, {})).kind, 'expired-code');
    const log = value(await office.run({ kind: 'enroll-log' }));
    assert.deepEqual(
      log.map(({ enrolment, kind, reason }) => [enrolment, kind, reason]),
      [[expiring.id, 'refused', 'expired-code']],
    );
    await office.close();
  });

  test('locks out whoever tries codes, but takes a valid one from there too', async () => {
    const office = await open();
    const { code } = await office.code('{name}');
    const kinds: string[] = [];
    for (let i = 0; i < 40; i++) kinds.push((await office.enrol(`guess ${i}`, {})).kind);
    assert.deepEqual([kinds[0], kinds.at(-1)], ['unknown-code', 'locked-out']);
    enrolled(await office.enrol(code, { name: 'a' }));
    assert.equal((await office.enrol('guess', { source: '198.51.100.1' })).kind, 'unknown-code');
    await office.close();
  });

  test('writes nothing for a source that is locked out, however often it presents a used-up code', async () => {
    const office = await open();
    const { code, id } = await office.code('{name}', { uses: 1 });
    enrolled(await office.enrol(code, { name: 'a' }));
    for (let i = 0; i < 100; i++) await office.enrol(code, { name: `b${i}` });
    assert.ok(office.store.view.enrolments.events(id).length <= 40);
    await office.close();
  });

  test('is refused as a whole where nothing can be stored', async () => {
    const office = await open();
    const { code } = await office.code('{name}');
    office.store.broken = true;
    assert.deepEqual(await office.enrol(code, { name: 'a' }), {
      enrolment: (await office.run({ kind: 'enroll-list' }).then(value))[0]!.id,
      kind: 'unavailable',
      retryAfterSeconds: 60,
    });
    office.store.broken = false;
    assert.ok(!enrolled(await office.enrol(code, { name: 'a' })).renewed);
    await office.close();
  });
});

suite('a code for one host', () => {
  test('is exchanged once; the same machine may ask again for some minutes, its answer may have been lost', async () => {
    const office = await open();
    value(
      await office.run({
        kind: 'host-add',
        fqdn: 'home.dyn.test',
        account: 'shops',
        ttl: 77,
        wildcard: true,
      }),
    );
    const only = { zone: undefined, pattern: undefined, account: undefined, uses: 1, host: 'home.dyn.test' };
    const command = {
      kind: 'enroll-create',
      lifetimeSeconds: 600_000,
      by: 'x',
      uses: 1,
      host: only.host,
    } as const;
    const { code } = value(await office.run(command));
    const made = enrolled(await office.enrol(code, { name: 'nas' }));
    assert.deepEqual([made.host, made.account], ['home.dyn.test', 'shops']);
    assert.equal(office.store.view.host(name('home.dyn.test'))?.ttl, 77);
    assert.ok(enrolled(await office.enrol(code, { name: 'NAS' })).renewed);
    assert.equal((await office.enrol(code, { name: 'thief' })).kind, 'used-up-code');
    office.clock.time += 901_000;
    assert.equal((await office.enrol(code, { name: 'nas' })).kind, 'used-up-code');
    const gone = value(await office.run(command));
    value(await office.run({ kind: 'host-remove', fqdn: 'home.dyn.test' }));
    assert.equal((await office.enrol(gone.code, {})).kind, 'target-gone');
    assert.ok(!office.isToken(made.secret), 'the tokens of its machine went with the host');
    await office.close();
  });
});

suite('making and ending codes', () => {
  test('is refused with what to do', async () => {
    const office = await open();
    const create = { kind: 'enroll-create', uses: 3, lifetimeSeconds: 60, by: 'x' } as const;
    const whole = { ...create, account: 'shops', zone: 'dyn.test', pattern: '{n}' };
    const refusals: [Parameters<typeof office.run>[0], RegExp][] = [
      [create, /^invalid: say --account, --zone and --pattern/],
      [{ ...whole, account: 'nobody' }, /^not-found: no account nobody/],
      [{ ...whole, zone: 'other.test' }, /^not-found: no zone other\.test/],
      [{ ...whole, pattern: '{m}' }, /^invalid: unknown placeholder/],
      [{ ...whole, pattern: 'shop' }, /^invalid: .*same name/],
      [{ ...whole, uses: 0 }, /^invalid: a code has 1 to 100000 uses/],
      [{ ...whole, lifetimeSeconds: 1 }, /^invalid: a code is valid for/],
      [{ ...whole, ttl: 0 }, /^invalid: a host's TTL/],
      [{ ...create, uses: 1, host: 'no.dyn.test' }, /^not-found: no host/],
      [{ ...whole, uses: 1, host: 'no.dyn.test' }, /^invalid: a code is for one --host/],
      [{ ...create, host: 'no.dyn.test' }, /^invalid: a code for one host has one use/],
      [{ kind: 'enroll-revoke', id: 'none' }, /^not-found: no enrolment code/],
      [{ kind: 'enroll-log', id: 'none' }, /^not-found: no enrolment code/],
    ];
    for (const [command, reason] of refusals) assert.match(refusal(await office.run(command)), reason);
    await office.close();
  });

  test('removing a host ends its machine, so that a later host of that name is another one', async () => {
    const office = await open();
    const { id, code } = await office.code('shop-{serial}', { uses: 2 });
    const first = enrolled(await office.enrol(code, { serial: 's1' }));
    value(await office.run({ kind: 'host-remove', fqdn: first.host }));
    assert.ok(!office.isToken(first.secret));
    value(
      await office.run({ kind: 'host-add', fqdn: first.host, account: 'shops', ttl: 60, wildcard: false }),
    );
    assert.equal((await office.enrol(code, { serial: 's1' })).kind, 'host-taken');
    value(await office.run({ kind: 'host-remove', fqdn: first.host }));
    assert.ok(!enrolled(await office.enrol(code, { serial: 's1' })).renewed);
    assert.equal(office.store.view.enrolments.get(id)?.used, 2);
    await office.close();
  });

  test('removing an account revokes its codes', async () => {
    const office = await open();
    const { code } = await office.code('{name}');
    value(await office.run({ kind: 'account-remove', name: 'shops' }));
    value(await office.run({ kind: 'account-add', name: 'shops', admin: false, password: null }));
    assert.equal((await office.enrol(code, {})).kind, 'unknown-code');
    await office.close();
  });
});

test('whatever comes in whatever order, uses hold, names are of one machine, and two tokens are valid at most', async () => {
  const serial = fc.constantFrom('s1', 's2', 's3', 's4', 's5');
  const machine = fc.record({ code: fc.nat(2), name: fc.constantFrom('a', 'b', 'c'), serial });
  const action = fc.oneof(
    { weight: 6, arbitrary: fc.array(machine, { minLength: 1, maxLength: 6 }) },
    { weight: 1, arbitrary: serial.map((text) => `shop-${text}.dyn.test`) },
  );
  const patterns = ['shop-{serial}', '{name}', 'till{n}'];
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 10 }), fc.nat(4), async (actions, uses) => {
      const office = await open();
      const codes = await Promise.all(patterns.map((pattern) => office.code(pattern, { uses: uses + 1 })));
      const secrets = new Map<string, string[]>();
      for (const step of actions) {
        if (typeof step === 'string') {
          await office.run({ kind: 'host-remove', fqdn: step });
          continue;
        }
        const asking = step.map((each, i) =>
          office.enrol(codes[each.code]!.code, { ...each, source: `192.0.2.${i}` }),
        );
        for (const outcome of await Promise.all(asking))
          if (outcome.kind === 'enrolled')
            secrets.set(outcome.host, [...(secrets.get(outcome.host) ?? []), outcome.secret]);
      }
      const { view } = office.store;
      for (const { id } of codes) {
        const code = view.enrolments.get(id)!;
        assert.ok(code.used <= code.uses);
        const enrolments = view.enrolments.events(id).filter(({ kind }) => kind === 'enrolled');
        assert.equal(enrolments.length, code.used);
        for (const { host, tokens } of view.enrolments.machines(id)) {
          assert.ok(tokens.length <= 2 && tokens.every((token) => view.token(token) !== undefined));
          assert.equal(view.host(host)?.account, 'shops');
        }
      }
      for (const [host, all] of secrets) {
        const valid = all.filter(office.isToken).length;
        assert.ok(valid <= 2, `${host} has ${valid} tokens`);
        if (view.host(name(host)) !== undefined)
          assert.ok(office.isToken(all.at(-1)!), `the last one of ${host}`);
      }
      await office.close();
    }),
    { numRuns: 60 },
  );
});
