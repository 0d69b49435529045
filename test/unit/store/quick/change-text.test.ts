/** What is written of a change without the JSON codec is what the codec writes, octet by octet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Host } from '../../../../src/account/host.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import { encodeChange } from '../../../../src/store/codec.ts';
import { FieldError } from '../../../../src/store/json-fields.ts';
import { ChangeText } from '../../../../src/store/quick/change-text.ts';
import { parseName } from '../../../../src/zone/name.ts';
import { anyCommit, host } from '../../../contract/store-samples.ts';

test('the texts of any commits are those of the codec', () => {
  fc.assert(
    fc.property(anyCommit, (changes) => {
      const text = new ChangeText();
      for (const change of changes) assert.equal(text.of(change), JSON.stringify(encodeChange(change)));
    }),
  );
});

test('so are those of hosts with anything in their names, accounts, times and addresses', () => {
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
    fc.property(fc.array(anyHost, { maxLength: 6 }), (hosts) => {
      const text = new ChangeText();
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
        const change = { kind: 'host-put', host: made } as const;
        assert.equal(text.of(change), JSON.stringify(encodeChange(change)));
      }
    }),
    { numRuns: 500 },
  );
});

test('what the codec refuses is refused', () => {
  const text = new ChangeText();
  for (const wrong of [{ ttl: -1 }, { ttl: 1.5 }, { changedAt: 0.5 }, { changedAt: 9e15 }]) {
    const change = {
      kind: 'host-put',
      host: { ...host('h.dyn.test', 'dyn.test'), changedAt: 1, ...wrong },
    } as const;
    assert.throws(() => text.of(change), FieldError);
  }
});
