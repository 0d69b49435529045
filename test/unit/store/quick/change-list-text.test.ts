/** The text of a list of changes is read back as those changes, by the codec and straight from its bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Host } from '../../../../src/account/host.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import type { Change } from '../../../../src/store/change.ts';
import { encodeChange } from '../../../../src/store/codec.ts';
import { FieldError } from '../../../../src/store/json-fields.ts';
import { ChangeListText } from '../../../../src/store/quick/change-list-text.ts';
import { parseName } from '../../../../src/zone/name.ts';
import { address, anyCommit, host } from '../../../contract/store-samples.ts';
import { alike, quickly, slowly } from './decoders.ts';

function textOf(changes: readonly Change[]): string {
  const list = new ChangeListText();
  return changes.map((change) => list.add(change)).join('') + list.end();
}

function assertReadBack(changes: readonly Change[]): void {
  const text = textOf(changes);
  assert.deepEqual(alike(slowly(text)), alike(changes), text);
  assert.deepEqual(alike(quickly(text)), alike(changes), text);
}

test('any commits are read back', () => {
  fc.assert(fc.property(anyCommit, assertReadBack));
});

test('so are hosts with anything in their names, accounts, times and addresses', () => {
  const label = fc.oneof(
    fc.constantFrom('h1', 'a-b_c', '*', 'a\\.b', '\\000', '\\"', 'x.y', 'é'),
    fc.stringMatching(/^[a-z0-9-]{1,12}$/),
  );
  const zone = fc.constantFrom('dyn.test', 'sub.dyn.test', 'test', 'a\\"b.test', '.');
  const anyHost = fc.record({
    label,
    zone,
    account: fc.oneof(fc.constantFrom('ann', 'a "quoted" one', 'back\\slash', 'ümlaut', ''), fc.string()),
    changedAt: fc.oneof(
      fc.constantFrom(0, 1_767_323_045_678, -1, null),
      fc.integer({ min: -8.64e15, max: 8.64e15 }),
    ),
    ttl: fc.integer({ min: 0, max: 0x7fff_ffff }),
    ipv4: fc.constantFrom('192.0.2.1', null),
    ipv6: fc.constantFrom('2001:db8::1', '::', null),
    flags: fc.tuple(fc.boolean(), fc.boolean()),
  });
  fc.assert(
    fc.property(fc.array(anyHost, { maxLength: 12 }), (hosts) => {
      const changes: Change[] = [];
      for (const one of hosts) {
        const name = parseName(one.zone === '.' ? one.label : `${one.label}.${one.zone}`);
        const apex = parseName(one.zone);
        if (name === undefined || apex === undefined) continue;
        const made: Host = {
          ...host('h.dyn.test', 'dyn.test'),
          name,
          zone: apex,
          account: one.account,
          changedAt: one.changedAt,
          ttl: one.ttl,
          ipv4: one.ipv4 === null ? null : parseIpAddress(one.ipv4)!,
          ipv6: one.ipv6 === null ? null : parseIpAddress(one.ipv6)!,
          wildcard: one.flags[0],
          blocked: one.flags[1],
        };
        changes.push({ kind: 'host-put', host: made });
      }
      assertReadBack(changes);
    }),
    { numRuns: 500 },
  );
});

test('hosts of one zone that changed together are one value, in which nothing is written twice', () => {
  const moved = (label: string, more: Partial<Host> = {}): Change => ({
    kind: 'host-put',
    host: host(`${label}.dyn.test`, 'dyn.test', { ipv4: address('192.0.2.1'), changedAt: 0, ...more }),
  });
  const begin = '{"kind":"hosts-put","zone":"dyn.test.","changedAt":"1970-01-01T00:00:00.000Z","hosts":[';
  assert.equal(
    textOf([moved('h1'), moved('h2'), moved('h3', { ttl: 5 }), moved('h4', { ttl: 5, account: 'a"b' })]),
    `${begin}["h1","192.0.2.1",null,"ann",60],["h2","192.0.2.1",null],["h3","192.0.2.1",null,"ann",5],` +
      '["h4","192.0.2.1",null,"a\\"b",5]]}',
  );
  const rare = moved('h2', { blocked: true });
  assert.equal(
    textOf([moved('h1'), rare, moved('h3')]),
    `${begin}["h1","192.0.2.1",null,"ann",60]]},${JSON.stringify(encodeChange(rare))},` +
      `${begin}["h3","192.0.2.1",null,"ann",60]]}`,
  );
  assert.equal(textOf([]), '');
  // Read as a whole, a value must not be of any length.
  const many = Array.from({ length: 1001 }, (_, i) => moved(`h${i}`));
  assert.equal(textOf(many).split('"kind"').length - 1, 3);
  assertReadBack(many);
});

test('what the codec refuses is refused', () => {
  for (const wrong of [{ ttl: -1 }, { ttl: 1.5 }, { changedAt: 0.5 }, { changedAt: 9e15 }]) {
    const change = {
      kind: 'host-put',
      host: { ...host('h.dyn.test', 'dyn.test'), changedAt: 1, ...wrong },
    } as const;
    assert.throws(() => new ChangeListText().add(change), FieldError);
  }
});
