import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SUCCESS_WORDS } from '../../../../src/http/reply.ts';
import { RETURN_CODES, describeRefusal, formatHostLines } from '../../../../src/http/update/return-code.ts';
import { ACCEPT_POLICIES, type AddressClass } from '../../../../src/net/address-class.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';
import type { HostOutcome } from '../../../../src/update/outcome.ts';

const ipv4 = parseIpAddress('198.51.100.7')!;
const ipv6 = parseIpAddress('2001:db8::7')!;
const changed: HostOutcome = { kind: 'changed', ipv4, ipv6 };
const unchanged: HostOutcome = { kind: 'unchanged', ipv4, ipv6 };

const CLASSES: readonly AddressClass[] = [
  'global',
  'private',
  'documentation',
  'loopback',
  'link-local',
  'reserved',
  'unspecified',
  'multicast',
  'broadcast',
];

describe('return codes', () => {
  it('has one code and status for each outcome (D-7.2)', () => {
    assert.deepEqual(
      Object.entries(RETURN_CODES).map(([kind, { code, status }]) => `${kind} ${code} ${status}`),
      [
        'changed good 200',
        'unchanged nochg 200',
        'no-such-host nohost 200',
        'not-fqdn notfqdn 200',
        'not-permitted !yours 200',
        'blocked abuse 200',
        'address-refused dnserr 200',
        'over-budget 911 503',
        'bad-credentials badauth 401',
        'insecure-credentials badauth 401',
        'record-refused dnserr 200',
        'locked-out 911 503',
        'bad-request notfqdn 200',
        'no-hostname notfqdn 200',
        'too-many-hosts numhost 200',
        'overloaded 911 503',
        'unavailable 911 503',
      ],
    );
  });

  it('shows the addresses the request was about, in its order (D-7.4)', () => {
    assert.equal(formatHostLines([changed], [4]), 'good 198.51.100.7\n');
    assert.equal(formatHostLines([changed], [6]), 'good 2001:db8::7\n');
    assert.equal(formatHostLines([unchanged], [6, 4]), 'nochg 2001:db8::7,198.51.100.7\n');
    assert.equal(formatHostLines([unchanged], []), 'nochg 198.51.100.7,2001:db8::7\n');
    assert.equal(formatHostLines([{ ...unchanged, ipv4: null }], []), 'nochg 2001:db8::7\n');
    assert.equal(formatHostLines([{ kind: 'changed', ipv4: null, ipv6: null }], []), 'good 0.0.0.0\n');
  });

  it('writes one line for each host, in order (D-7.1)', () => {
    const lines = formatHostLines([changed, { kind: 'no-such-host' }, { kind: 'not-fqdn' }, unchanged], [4]);
    assert.equal(lines, 'good 198.51.100.7\nnohost\nnotfqdn\nnochg 198.51.100.7\n');
  });

  it('says why an address was refused without a word of success (D-7.5)', () => {
    for (const kind of CLASSES) {
      for (const policy of ACCEPT_POLICIES) {
        const reason = describeRefusal({ kind: 'address-refused', address: ipv4, class: kind, policy })!;
        assert.ok(reason.includes(kind));
        for (const word of SUCCESS_WORDS)
          assert.ok(!reason.toLowerCase().includes(word), `${word} in ${reason}`);
      }
    }
    assert.equal(describeRefusal({ kind: 'no-such-host' }), undefined);
  });
});
