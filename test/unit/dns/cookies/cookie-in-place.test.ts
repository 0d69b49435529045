import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  COOKIE_OPTION_LENGTH,
  COOKIE_PROOF,
  CookieInPlace,
} from '../../../../src/dns/cookies/cookie-in-place.ts';
import { type ByteRange, ServerCookies } from '../../../../src/dns/cookies/server-cookies.ts';
import { type Exchange, addCookie } from '../../../../src/dns/pipeline.ts';
import { peerOf } from '../../../../src/dns/rrl/source-words.ts';
import { parseRequest } from '../../../../src/dns/wire/request.ts';
import { opt, query } from '../../../dns/message.ts';
import { answerContext, exampleZone, zoneSet } from '../../../dns/zones.ts';

const SECRETS = [Buffer.alloc(16, 7), Buffer.alloc(16, 8)];
const NOW = 1_700_000_000;
const MARGIN = 5;

/** What the general lane gives: whether the source is proven, and the option's data; undefined for FORMERR. */
function generally(data: Uint8Array, source: ByteRange, seconds: number): [boolean, string] | undefined {
  const request = parseRequest(query('home.example.test', 'A', { opt: opt({ options: [[10, data]] }) }))!;
  const exchange: Exchange = {
    request,
    ...answerContext(zoneSet(exampleZone())),
    source,
    cookies: new ServerCookies(SECRETS),
    clock: { now: () => seconds * 1000 },
    replyOptions: [],
    isProven: false,
  };
  if (addCookie(exchange) !== 'next') return undefined;
  return [exchange.isProven, Buffer.from(exchange.replyOptions[0]!.data).toString('hex')];
}

/** The same in place, where nothing but the option's own bytes may change. */
function inPlace(
  keeper: ServerCookies,
  data: Uint8Array,
  { client, seconds }: { client: ByteRange; seconds: number },
): [boolean, string] | undefined {
  const packet = Buffer.alloc(MARGIN + 64, 0xee);
  packet.set(data, MARGIN);
  const before = Buffer.from(packet);
  const cookies = new CookieInPlace(keeper, client);
  const proof = cookies.take(packet, MARGIN, data.length, seconds);
  assert.deepEqual(packet, before, 'taking changes nothing');
  if (proof === COOKIE_PROOF.MALFORMED) return undefined;
  packet.fill(0xee);
  assert.equal(cookies.write(packet, MARGIN), MARGIN + COOKIE_OPTION_LENGTH);
  assert.deepEqual([...packet.subarray(0, MARGIN + 4)], [...Array<number>(MARGIN).fill(0xee), 0, 10, 0, 24]);
  assert.ok(packet.subarray(MARGIN + COOKIE_OPTION_LENGTH).every((octet) => octet === 0xee));
  const written = packet.subarray(MARGIN + 4, MARGIN + COOKIE_OPTION_LENGTH).toString('hex');
  return [proof === COOKIE_PROOF.PROVEN, written];
}

void test('options of every length, of any client, are worth what the general lane finds, and answered so', () => {
  const cookies = new ServerCookies(SECRETS);
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 44 }), address, (data, bytes) => {
      const client = { bytes, at: 0, length: bytes.length };
      const own = inPlace(cookies, data, { client, seconds: NOW });
      assert.deepEqual(own, generally(data, client, NOW));
    }),
  );
});

void test('cookies of ours are proof as long as they are valid, under each secret, for their client alone', () => {
  const cookies = new ServerCookies(SECRETS);
  const [here, mapped, elsewhere] = ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::7'].map((text) =>
    peerOf(text)!,
  );
  for (const maker of [new ServerCookies(SECRETS), new ServerCookies([SECRETS[1]!])]) {
    const sent = maker.make(Buffer.alloc(8, 1), here!, NOW);
    for (const [client, age, isProven] of [
      [here, 0, true],
      [mapped, 0, true],
      [here, 1801, true],
      [here, -300, true],
      [here, 3601, false],
      [here, -301, false],
      [elsewhere, 0, false],
    ] as const) {
      const own = inPlace(cookies, sent, { client: client!, seconds: NOW + age });
      assert.equal(own?.[0], isProven, `${age} s`);
      assert.deepEqual(own, generally(sent, client!, NOW + age));
    }
  }
});

void test('a change of secrets reaches the options that are written from then on', () => {
  const keeper = new ServerCookies([SECRETS[0]!]);
  const client = peerOf('192.0.2.7')!;
  const before = inPlace(keeper, Buffer.alloc(8), { client, seconds: NOW });
  keeper.rotate(SECRETS[1]!);
  const after = inPlace(keeper, Buffer.alloc(8), { client, seconds: NOW });
  assert.notDeepEqual(after, before);
  const [isProven, renewed] = inPlace(keeper, Buffer.from(before![1], 'hex'), { client, seconds: NOW })!;
  assert.deepEqual([isProven, renewed], [true, after![1]]);
});

void test('a packet costs no garbage', () => {
  const cookies = new CookieInPlace(new ServerCookies(SECRETS), peerOf('192.0.2.7')!);
  const packet = Buffer.alloc(64);
  const run = (count: number): void => {
    for (let i = 0; i < count; i++) {
      packet[0] = i;
      cookies.take(packet, 0, 8, NOW + (i & 1023));
      cookies.write(packet, 8);
    }
  };
  run(50_000);
  const before = process.memoryUsage().heapUsed;
  run(100_000);
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 100_000 * 4, `${grown} bytes for 100,000 packets`);
});
