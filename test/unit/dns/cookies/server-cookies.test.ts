import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  type ByteRange,
  type CookieVerdict,
  ServerCookies,
  parseCookieOption,
} from '../../../../src/dns/cookies/server-cookies.ts';
import { addressBytes, parseIpAddress } from '../../../../src/net/ip-address.ts';

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

function range(bytes: Uint8Array): ByteRange {
  return { bytes, at: 0, length: bytes.length };
}

function client(address: string): ByteRange {
  return range(Uint8Array.from(addressBytes(parseIpAddress(address)!)));
}

function check(cookies: ServerCookies, option: string, from: string, now: number): CookieVerdict {
  return cookies.check(range(hex(option)), client(from), now);
}

function make(cookies: ServerCookies, option: string, from: string, now: number): string {
  return Buffer.from(cookies.make(hex(option), client(from), now)).toString('hex');
}

const SECRET = hex('e5e973e5a6b2a43f48e7dc849e37bfcf');
const OTHER_SECRET = hex('445536bcd2513298075a5d379663c962');
const NOW = 1_559_731_985;
const FRESH = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';
const CLIENT = '198.51.100.100';

void test('RFC 9018 A.1: a client learns a server cookie', () => {
  assert.equal(make(new ServerCookies([SECRET]), '2464c4abcf10c957', CLIENT, NOW), FRESH);
});

void test('RFC 9018 A.2: it comes back after 40 minutes and is renewed', () => {
  const cookies = new ServerCookies([SECRET]);
  assert.equal(check(cookies, FRESH, CLIENT, 1_559_734_385), 'renew');
  assert.equal(
    make(cookies, FRESH, CLIENT, 1_559_734_385),
    '2464c4abcf10c957010000005cf7a871d4a564a1442aca77',
  );
});

void test('RFC 9018 A.3: reserved bytes that are set are hashed as they came and cleared in the new cookie', () => {
  const cookies = new ServerCookies([SECRET]);
  const sent = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
  assert.equal(check(cookies, sent, '203.0.113.203', 1_559_727_985), 'valid');
  // The example's answer comes 1:51:55 later, which is past the hour of section 4.3.
  assert.equal(check(cookies, sent, '203.0.113.203', 1_559_734_700), 'invalid');
  assert.equal(
    make(cookies, sent, '203.0.113.203', 1_559_734_700),
    'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e',
  );
});

void test('RFC 9018 A.4: IPv6, after the secret was changed', () => {
  const sent = '22681ab97d52c298010000005cf7c57926556bd0934c72f8';
  const from = '2001:db8:220:1:59de:d0f4:8769:82b8';
  const cookies = new ServerCookies([hex('dd3bdf9344b678b185a6f5cb60fca715')]);
  assert.equal(check(cookies, sent, from, 1_559_741_961), 'valid');
  cookies.rotate(OTHER_SECRET);
  assert.equal(check(cookies, sent, from, 1_559_741_961), 'renew');
  assert.equal(make(cookies, sent, from, 1_559_741_961), '22681ab97d52c298010000005cf7c609a6bb79d16625507a');
});

void test('valid for an hour, renewed after half of it, five minutes ahead at most (RFC 9018 section 4.3)', () => {
  const cookies = new ServerCookies([SECRET]);
  const verdicts = [-301, -300, 0, 1800, 1801, 3600, 3601].map((age) =>
    check(cookies, FRESH, CLIENT, NOW + age),
  );
  assert.deepEqual(verdicts, ['invalid', 'valid', 'valid', 'valid', 'renew', 'renew', 'invalid']);
  assert.equal(check(cookies, FRESH, CLIENT, NOW + 1800.9), 'valid');
});

void test('time goes on where 32 bits of seconds end, and 2^32 seconds later is the same time', () => {
  const cookies = new ServerCookies([SECRET]);
  const late = 2 ** 32 - 10;
  const cookie = make(cookies, '2464c4abcf10c957', CLIENT, late);
  assert.equal(check(cookies, cookie, CLIENT, late + 100), 'valid');
  assert.equal(check(cookies, cookie, CLIENT, late + 2000), 'renew');
  assert.equal(check(cookies, cookie, CLIENT, late + 4000), 'invalid');
  assert.equal(make(cookies, FRESH, CLIENT, NOW + 2 ** 32), FRESH);
});

void test('no other client, address, time, version or hash is valid', () => {
  const cookies = new ServerCookies([SECRET, OTHER_SECRET]);
  for (let bit = 0; bit < 24 * 8; bit++) {
    const bytes = hex(FRESH);
    bytes[bit >>> 3]! ^= 1 << (bit & 7);
    const verdict = cookies.check(range(bytes), client(CLIENT), NOW);
    assert.equal(verdict, 'invalid', `bit ${bit}`);
  }
  assert.equal(check(cookies, FRESH, '198.51.100.101', NOW), 'invalid');
  assert.equal(check(cookies, FRESH, '::c633:6464', NOW), 'invalid');
});

void test('a server cookie of another length is invalid, without a look at its bytes', () => {
  const cookies = new ServerCookies([SECRET]);
  for (let length = 16; length <= 40; length++) {
    if (length === 24) continue;
    const bytes = Buffer.alloc(length);
    bytes.set(hex(FRESH).subarray(0, length));
    assert.equal(cookies.check(range(bytes), client(CLIENT), NOW), 'invalid', `${length} bytes`);
  }
});

void test('an IPv4 client on a socket of both families has the cookie of its IPv4 address', () => {
  const cookies = new ServerCookies([SECRET]);
  const mapped = range(hex('00000000000000000000ffffc6336464'));
  assert.equal(cookies.check(range(hex(FRESH)), mapped, NOW), 'valid');
});

void test('one secret is remembered beside the current one, no more', () => {
  const cookies = new ServerCookies([SECRET]);
  cookies.rotate(OTHER_SECRET);
  assert.equal(check(cookies, FRESH, CLIENT, NOW), 'renew');
  cookies.rotate(hex('00'.repeat(16)));
  assert.equal(check(cookies, FRESH, CLIENT, NOW), 'invalid');
});

void test('servers change a shared secret one after the other, and every cookie stays valid (RFC 9018 section 5)', () => {
  const stages = [[SECRET], [SECRET, OTHER_SECRET], [OTHER_SECRET, SECRET], [OTHER_SECRET]];
  for (let stage = 0; stage + 1 < stages.length; stage++) {
    const [behind, ahead] = [new ServerCookies(stages[stage]!), new ServerCookies(stages[stage + 1]!)];
    const ofBehind = make(behind, '2464c4abcf10c957', CLIENT, NOW);
    const ofAhead = make(ahead, '2464c4abcf10c957', CLIENT, NOW);
    assert.notEqual(check(ahead, ofBehind, CLIENT, NOW), 'invalid', `stage ${stage}`);
    assert.notEqual(check(behind, ofAhead, CLIENT, NOW), 'invalid', `stage ${stage}`);
  }
});

void test('a secret is needed', () => {
  assert.throws(() => new ServerCookies([]), RangeError);
});

void test('what is made is valid for its client at any offset, and writing touches nothing else', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  const cookie = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const offset = fc.nat({ max: 40 });
  const cookies = new ServerCookies([SECRET]);
  fc.assert(
    fc.property(address, cookie, offset, fc.nat({ max: 2 ** 32 - 1 }), (bytes, ofClient, at, now) => {
      const packet = Buffer.alloc(64 + at, 0xee);
      packet.set(ofClient, at);
      const source = Buffer.alloc(at + 20, 0x77);
      source.set(bytes, at);
      const from = { bytes: source, at, length: bytes.length };
      cookies.write(packet, at, from, now);
      assert.equal(cookies.check({ bytes: packet, at, length: 24 }, from, now + 1800), 'valid');
      assert.deepEqual(packet.subarray(at, at + 12), Buffer.concat([ofClient, Buffer.of(1, 0, 0, 0)]));
      assert.equal(packet.readUInt32BE(at + 12), now);
      assert.ok([...packet.subarray(0, at), ...packet.subarray(at + 24)].every((byte) => byte === 0xee));
      const other = bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
      assert.equal(cookies.check({ bytes: packet, at, length: 24 }, range(other), now), 'invalid');
    }),
  );
});

void test('the lengths of the option (RFC 7873 section 5.2.2)', () => {
  for (let length = 0; length <= 64; length++) {
    const expected =
      length === 8 ? 'client' : length >= 16 && length <= 40 ? 'client-and-server' : 'malformed';
    assert.equal(parseCookieOption(new Uint8Array(length)), expected, `${length} bytes`);
  }
});
