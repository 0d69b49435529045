import assert from 'node:assert/strict';
import test from 'node:test';
import { ServerCookies } from '../../../../src/dns/cookies/server-cookies.ts';
import { Answerer, type DnsServerSettings } from '../../../../src/dns/server/answerer.ts';
import { peerOf } from '../../../../src/dns/rrl/source-words.ts';
import { createDnsStats } from '../../../../src/dns/server/stats.ts';
import type { ZoneSet } from '../../../../src/zone/zone-view.ts';
import { decode, opt, query } from '../../../dns/message.ts';
import { SILENT_LOG, exampleZone, zoneSet } from '../../../dns/zones.ts';

const HOUR = 3_600_000;
const ZONES = zoneSet(exampleZone());

function answererAt(clock: { ms: number }, settings: DnsServerSettings, zones: ZoneSet = ZONES) {
  const logged: object[] = [];
  const stats = createDnsStats();
  const log = { ...SILENT_LOG, error: (fields: object) => logged.push(fields) };
  const answerer = new Answerer({ zones, settings, clock: { now: () => clock.ms }, log, stats });
  return { answerer, stats, logged };
}

function sendCookie(answerer: Answerer, cookie: Uint8Array): Buffer {
  const bytes = query('home.example.test', 'A', { opt: opt({ options: [[10, cookie]] }) });
  return decode(answerer.answer(bytes, peerOf('192.0.2.7'), 'udp')).opt!.options[0]!.data;
}

void test('a new secret is told to those who make cookies elsewhere, and they take what is made here', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = { ms: 1000 * HOUR };
  const told: Uint8Array[] = [];
  const answerer = new Answerer({
    ...{ zones: ZONES, settings: { cookies: 'random' }, log: SILENT_LOG, stats: createDnsStats() },
    clock: { now: () => clock.ms },
    onCookieSecret: (secret) => {
      told.push(secret);
    },
  });
  const elsewhere = new ServerCookies(answerer.cookieSecrets!);
  answerer.start();
  for (const passed of [0, 24 * HOUR]) {
    clock.ms += passed;
    t.mock.timers.tick(1000);
    for (const secret of told.splice(0)) elsewhere.rotate(secret);
    const bytes = sendCookie(answerer, Buffer.alloc(8, 1));
    const option = { bytes, at: 0, length: bytes.length };
    assert.equal(elsewhere.check(option, peerOf('192.0.2.7')!, clock.ms / 1000), 'valid');
  }
  answerer.stop();
});

void test('a random secret is renewed once a day, and a cookie made just before is still taken', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = { ms: 1000 * HOUR };
  const { answerer } = answererAt(clock, { cookies: 'random' });
  answerer.start();
  answerer.start();
  clock.ms += 24 * HOUR - 1000;
  t.mock.timers.tick(1000);
  const before = sendCookie(answerer, Buffer.alloc(8, 1));
  assert.deepEqual(sendCookie(answerer, before), before, 'valid as it is');
  clock.ms += 1000;
  t.mock.timers.tick(1000);
  const renewed = sendCookie(answerer, before);
  assert.notDeepEqual(renewed, before);
  assert.deepEqual(sendCookie(answerer, renewed), renewed);
  answerer.stop();
  clock.ms += 25 * HOUR;
  t.mock.timers.tick(10_000);
  const unturned = sendCookie(answerer, Buffer.alloc(8, 1));
  assert.deepEqual(sendCookie(answerer, unturned), unturned);
});

void test('a secret that was set stays, and servers that share it take the cookies of each other', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const clock = { ms: 1000 * HOUR };
  const [one, two] = [0, 1].map(() => answererAt(clock, { cookies: [Buffer.alloc(16, 3)] }).answerer);
  one!.start();
  clock.ms += 48 * HOUR;
  t.mock.timers.tick(5000);
  const cookie = sendCookie(one!, Buffer.alloc(8));
  assert.deepEqual(sendCookie(two!, cookie), cookie);
  one!.stop();
});

void test('two servers without a shared secret do not', () => {
  const clock = { ms: HOUR };
  const [one, two] = [0, 1].map(() => answererAt(clock, { cookies: 'random' }).answerer);
  const cookie = sendCookie(one!, Buffer.alloc(8));
  assert.notDeepEqual(sendCookie(two!, cookie), cookie);
});

void test('with nothing set there are no cookies and no limits', () => {
  const { answerer } = answererAt({ ms: HOUR }, {});
  const bytes = query('home.example.test', 'A', { opt: opt({ options: [[10, Buffer.alloc(8)]] }) });
  for (let i = 0; i < 2000; i++) {
    const answer = decode(answerer.answer(bytes, peerOf('192.0.2.7'), 'udp'));
    assert.deepEqual([answer.answer.length, answer.opt!.options.length], [1, 0]);
  }
});

void test('a flood that finds a bug is answered and counted whole, and logged as far as a log can take (4.7)', () => {
  const clock = { ms: HOUR };
  const broken: ZoneSet = {
    zoneFor() {
      throw new TypeError('no such thing');
    },
  };
  const { answerer, stats, logged } = answererAt(clock, {}, broken);
  const ask = (): string =>
    decode(answerer.answer(query('home.example.test', 'A'), peerOf('192.0.2.7'), 'udp')).rcode;
  for (let i = 0; i < 500; i++) assert.equal(ask(), 'SERVFAIL');
  assert.deepEqual([stats.bugs, logged.length], [500, 10]);
  clock.ms += 2000;
  for (let i = 0; i < 500; i++) ask();
  assert.deepEqual([stats.bugs, logged.length], [1000, 12]);
});
