// The vectors are those of the SipHash reference implementation and of RFC 9018, appendix A.
import assert from 'node:assert/strict';
import test from 'node:test';
import { type CookieCheck, checkCookie } from '../../../../src/dns/edns/cookie.ts';
import { sipHash24 } from '../../../../src/dns/edns/siphash.ts';
import { parseIpAddress } from '../../../../src/net/ip-address.ts';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => i));

function check(data: string, address: string, secrets: string[], now: number): CookieCheck {
  return checkCookie(hex(data), { address: parseIpAddress(address)!, secrets: secrets.map(hex), now });
}

function expectReply(found: CookieCheck, kind: 'valid' | 'unproven', reply: string): void {
  assert.ok(found.kind !== 'malformed');
  assert.deepEqual([found.kind, Buffer.from(found.reply).toString('hex')], [kind, reply]);
}

const SECRET = 'e5e973e5a6b2a43f48e7dc849e37bfcf';
const CLIENT = '198.51.100.100';
const MADE = 0x5cf79f11;
const COOKIE = '2464c4abcf10c957010000005cf79f111f8130c3eee29480';

void test('SipHash-2-4', () => {
  const expected: Record<number, string> = {
    0: '310e0edd47db6f72',
    1: 'fd67dc93c539f874',
    2: '5a4fa9d909806c0d',
    3: '2d7efbd796666785',
    7: '37d1018bf50002ab',
    8: '6224939a79f5f593',
    15: 'e545be4961ca29a1',
  };
  for (const [length, hash] of Object.entries(expected))
    assert.equal(Buffer.from(sipHash24(bytes(16), bytes(Number(length)))).toString('hex'), hash);
});

void test('a client cookie alone gets a server cookie (RFC 9018 A.1)', () => {
  expectReply(check('2464c4abcf10c957', CLIENT, [SECRET], MADE), 'unproven', COOKIE);
});

void test('a server cookie of the last half hour comes back as it is', () => {
  for (const now of [MADE - 300, MADE, MADE + 1800])
    expectReply(check(COOKIE, CLIENT, [SECRET], now), 'valid', COOKIE);
});

void test('an older one is renewed (RFC 9018 A.2)', () => {
  const renewed = '2464c4abcf10c957010000005cf7a871d4a564a1442aca77';
  expectReply(check(COOKIE, CLIENT, [SECRET], 0x5cf7a871), 'valid', renewed);
});

void test('the reserved octets count for the hash and are zero in what is made (RFC 9018 A.3)', () => {
  const cookie = 'fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5';
  assert.equal(check(cookie, '203.0.113.203', [SECRET], 0x5cf78f71 + 60).kind, 'valid');
  const renewed = 'fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e';
  expectReply(check(cookie, '203.0.113.203', [SECRET], 0x5cf7a9ac), 'unproven', renewed);
});

void test('the secret before is accepted and replaced (RFC 9018 A.4)', () => {
  const secrets = ['445536bcd2513298075a5d379663c962', 'dd3bdf9344b678b185a6f5cb60fca715'];
  const address = '2001:db8:220:1:59de:d0f4:8769:82b8';
  const cookie = '22681ab97d52c298010000005cf7c57926556bd0934c72f8';
  const renewed = '22681ab97d52c298010000005cf7c609a6bb79d16625507a';
  expectReply(check(cookie, address, secrets, 0x5cf7c609), 'valid', renewed);
  assert.equal(check(cookie, address, secrets.slice(0, 1), 0x5cf7c609).kind, 'unproven');
});

void test('a cookie proves nothing for another address, client, secret, version or time', () => {
  const kind = (data: string, address = CLIENT, secret = SECRET, now = MADE): string =>
    check(data, address, [secret], now).kind;
  assert.equal(kind(COOKIE), 'valid');
  assert.equal(kind(COOKIE, '198.51.100.101'), 'unproven');
  assert.equal(kind(COOKIE, CLIENT, SECRET.replace('e5', 'e6')), 'unproven');
  assert.equal(kind(COOKIE.replace('24', '25')), 'unproven');
  assert.equal(kind(COOKIE.replace('01000000', '02000000')), 'unproven');
  assert.equal(kind(COOKIE, CLIENT, SECRET, MADE + 3601), 'unproven');
  assert.equal(kind(COOKIE, CLIENT, SECRET, MADE - 301), 'unproven');
  assert.equal(kind(`${COOKIE.slice(0, -2)}81`), 'unproven');
});

void test('lengths that no cookie has are malformed (RFC 7873 §5.2.2)', () => {
  for (let length = 0; length <= 48; length++) {
    const isCookie = length === 8 || (length >= 16 && length <= 40);
    assert.equal(
      check('01'.repeat(length), CLIENT, [SECRET], MADE).kind !== 'malformed',
      isCookie,
      `${length}`,
    );
  }
});
