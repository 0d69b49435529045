import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Principal } from '../../../src/account/principal.ts';
import type { UpdateService } from '../../../src/update/service.ts';
import { challengeNameOf, hostNameBehind } from '../../../src/update/txt/plan-txt.ts';
import { LIFETIME_MS, createTxtAges } from '../../../src/update/txt/txt-ages.ts';
import type { TxtChange, TxtResult } from '../../../src/update/txt/txt.ts';
import { RRSET_LIMITS } from '../../../src/zone/rrset.ts';
import { RRTYPE } from '../../../src/zone/rrtype.ts';
import { NOW, type Room, alice, createRoom, name } from './fixture.ts';

const HOME = 'home.dyn.test';
const CHALLENGE = `_acme-challenge.${HOME}`;

function set(
  service: UpdateService,
  owner: string,
  { change, principal = alice }: { change: TxtChange; principal?: Principal },
): Promise<TxtResult> {
  return service.updateTxt({ principal, owners: [name(owner)], change });
}

function kindOf(result: TxtResult): string {
  return result.kind === 'txt' ? result.outcomes.map(({ kind }) => kind).join(' ') : result.kind;
}

/** The values at an owner, in their order. */
function values(room: Room, owner: string): string[] {
  const rrset = room.store.view.zone(name('dyn.test'))!.staticRRset(name(owner), RRTYPE.TXT);
  return (rrset?.rdata ?? []).map((rdata) => Buffer.from(rdata).subarray(1).toString());
}

describe('TXT values', () => {
  it('stand side by side, are replaced, removed and cleared', async () => {
    const room = await createRoom();
    const step = async (change: TxtChange): Promise<string> => {
      const kind = kindOf(await set(room.service, CHALLENGE, { change }));
      return `${kind}: ${values(room, CHALLENGE).join(' ')}`;
    };
    assert.equal(await step({ kind: 'add', value: 'a' }), 'changed: a');
    assert.equal(await step({ kind: 'add', value: 'b' }), 'changed: a b');
    assert.equal(await step({ kind: 'add', value: 'a' }), 'unchanged: a b');
    assert.equal(await step({ kind: 'remove', value: 'a' }), 'changed: b');
    assert.equal(await step({ kind: 'remove', value: 'a' }), 'unchanged: b');
    assert.equal(await step({ kind: 'replace', value: 'c' }), 'changed: c');
    assert.equal(await step({ kind: 'replace', value: 'c' }), 'unchanged: c');
    assert.equal(await step({ kind: 'clear' }), 'changed: ');
    assert.equal(await step({ kind: 'clear' }), 'unchanged: ');
  });

  it('take part in the serial, and only where they change', async () => {
    const { service, store } = await createRoom();
    const serial = (): number => store.view.zone(name('dyn.test'))!.settings.serial;
    const before = serial();
    await set(service, CHALLENGE, { change: { kind: 'add', value: 'a' } });
    const after = serial();
    assert.ok(after > before);
    await set(service, CHALLENGE, { change: { kind: 'add', value: 'a' } });
    assert.equal(serial(), after);
  });

  it('are changed at own hosts and directly below them by `_acme-challenge`, nowhere else', async () => {
    const { service, store } = await createRoom();
    const limited: Principal = {
      kind: 'token',
      account: 'alice',
      tokenId: 't',
      hosts: new Set([name(HOME)]),
    };
    const change: TxtChange = { kind: 'add', value: 'a' };
    for (const [owner, principal, expected] of [
      [HOME, alice, 'changed'],
      [CHALLENGE, limited, 'changed'],
      ['vpn.dyn.test', limited, 'not-permitted'],
      ['_acme-challenge.vpn.dyn.test', limited, 'not-permitted'],
      ['shop.dyn.test', alice, 'no-such-host'],
      ['_acme-challenge.shop.dyn.test', alice, 'no-such-host'],
      ['www.home.dyn.test', alice, 'no-such-host'],
      [`_acme-challenge.${CHALLENGE}`, alice, 'no-such-host'],
      ['_acme-challenge.dyn.test', alice, 'no-such-host'],
      ['dyn.test', alice, 'no-such-host'],
      ['elsewhere.test', alice, 'no-such-host'],
    ] as const) {
      assert.equal(kindOf(await set(service, owner, { change, principal })), expected, owner);
    }
    await store.commit([{ kind: 'host-put', host: { ...store.view.host(name(HOME))!, blocked: true } }]);
    assert.equal(kindOf(await set(service, CHALLENGE, { change })), 'blocked');
  });

  it('do not stand beside a CNAME or below a delegation', async () => {
    const { service, store } = await createRoom();
    const apex = name('dyn.test');
    const target = { ttl: 60, rdata: [Buffer.from(name('elsewhere.test'), 'latin1')] };
    await store.commit([
      { kind: 'rrset-put', apex, owner: name(CHALLENGE), rrset: { type: RRTYPE.CNAME, ...target } },
      {
        kind: 'rrset-put',
        apex,
        owner: name('_acme-challenge.vpn.dyn.test'),
        rrset: { type: RRTYPE.NS, ...target },
      },
    ]);
    for (const owner of [CHALLENGE, '_acme-challenge.vpn.dyn.test'])
      assert.equal(
        kindOf(await set(service, owner, { change: { kind: 'add', value: 'a' } })),
        'record-refused',
      );
  });

  it('are never more than an RRset holds, and the newest of them', async () => {
    const room = await createRoom();
    for (let n = 0; n < RRSET_LIMITS.records + 5; n++)
      await set(room.service, HOME, { change: { kind: 'add', value: `v${n}` } });
    assert.deepEqual(
      values(room, HOME),
      Array.from({ length: RRSET_LIMITS.records }, (_, i) => `v${i + 5}`),
    );
    const long = 'x'.repeat(252);
    for (let n = 100; n < 200; n++)
      await set(room.service, HOME, { change: { kind: 'add', value: `${long}${n}` } });
    assert.equal(values(room, HOME).length, RRSET_LIMITS.bytes / 256);
    assert.equal(values(room, HOME).at(-1), `${long}199`);
  });

  it('leave after their lifetime when another is added, and count as added at the start of the process', async () => {
    const room = await createRoom();
    const add = (value: string) => set(room.service, CHALLENGE, { change: { kind: 'add', value } });
    await add('old');
    room.clock.time = NOW + LIFETIME_MS;
    await add('young');
    assert.deepEqual(values(room, CHALLENGE), ['old', 'young']);
    await add('old');
    room.clock.time = NOW + LIFETIME_MS * 2 + 1;
    await add('last');
    assert.deepEqual(values(room, CHALLENGE), ['last']);
  });

  it('answer as the store does: nothing is changed where nothing can be written', async () => {
    const room = await createRoom();
    room.store.broken = true;
    assert.equal(
      kindOf(await set(room.service, HOME, { change: { kind: 'add', value: 'a' } })),
      'unavailable',
    );
    room.store.broken = false;
    assert.deepEqual(values(room, HOME), []);
    assert.equal(
      kindOf(await room.service.updateTxt({ principal: alice, owners: [], change: { kind: 'clear' } })),
      'no-hostname',
    );
    const many = Array.from({ length: 41 }, () => name(HOME));
    assert.equal(
      kindOf(await room.service.updateTxt({ principal: alice, owners: many, change: { kind: 'clear' } })),
      'too-many-hosts',
    );
  });

  it('have a challenge name for every host that is not too long, and a host behind each', () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,63}$/);
    fc.assert(
      fc.property(fc.array(label, { minLength: 2, maxLength: 6 }), (labels) => {
        const host = name(labels.join('.').slice(-250).replace(/^\./, ''));
        const challenge = challengeNameOf(host);
        assert.equal(challenge === undefined, host.length + 16 > 255);
        if (challenge !== undefined) assert.equal(hostNameBehind(challenge), host);
        assert.equal(hostNameBehind(host), host);
      }),
    );
  });

  it('have ages in bounded memory', () => {
    const ages = createTxtAges(NOW);
    const rdata = Buffer.from('\x01a');
    for (let n = 0; n < 10_050; n++) ages.note(name(`h${n}.dyn.test`), rdata, NOW + LIFETIME_MS);
    const later = NOW + LIFETIME_MS + 1;
    assert.equal(ages.isExpired(name('h0.dyn.test'), rdata, later), true, 'forgotten');
    assert.equal(ages.isExpired(name('h10049.dyn.test'), rdata, later), false);
  });
});

describe('registration', () => {
  const request = { account: 'alice', name: name('uuid.auth.dyn.test'), tokenId: 'id', digest: 'digest' };

  it('makes a host and a token for it alone, in one commit', async () => {
    const { service, store } = await createRoom();
    assert.deepEqual(await service.register(request), { kind: 'registered' });
    assert.equal(store.commits.length, 1);
    assert.equal(store.view.host(request.name)?.account, 'alice');
    assert.deepEqual(store.view.token('id')?.hosts, [request.name]);
  });

  it('makes neither where account or zone are missing, or nothing can be written', async () => {
    const { service, store } = await createRoom();
    assert.deepEqual(await service.register({ ...request, account: 'nobody' }), {
      kind: 'misconfigured',
      missing: 'account',
    });
    assert.deepEqual(await service.register({ ...request, name: name('x.elsewhere.test') }), {
      kind: 'misconfigured',
      missing: 'zone',
    });
    store.broken = true;
    assert.equal((await service.register(request)).kind, 'unavailable');
    assert.equal(store.view.token('id'), undefined);
  });
});
