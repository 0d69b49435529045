/**
 * ACME clients that are known by their bytes: each sets a value with a host's token, which DNS then has, and is not told
 * that it did where it did not; each that registers gets credentials that work. A change that would break one of them
 * fails the test with its name.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import { openPublishedSite } from '../dialects/published-site.ts';
import { ACME_CLIENTS, type Challenge } from './acme-clients.ts';
import { name } from '../site.ts';

const NAME = '_acme-challenge.home.example.test';
const CHALLENGE: Challenge = {
  user: 'alice',
  secret: 'HomeToken',
  subdomain: NAME,
  name: NAME,
  value: 'XKrxpRBosdIKFzxW_CT3KLZNf6q0HG9i01zxXp5CPBs',
};

describe('ACME clients that are known by their bytes', () => {
  for (const client of ACME_CLIENTS) {
    it(`${client.name}: sets the value, and takes it away where it does`, async (t) => {
      const site = await openPublishedSite(t);
      for (let times = 0; times < 2; times++) {
        const reply = await site.send(client.present(CHALLENGE));
        assert.ok(client.isDone(reply, CHALLENGE), reply.raw);
        assert.equal(await site.resolve(NAME, 'TXT'), CHALLENGE.value);
      }
      if (client.cleanup === undefined) return;
      assert.ok(client.isDone(await site.send(client.cleanup(CHALLENGE)), CHALLENGE));
      assert.equal(await site.resolve(NAME, 'TXT'), 'none');
    });

    it(`${client.name}: is not told of a success that was none`, async (t) => {
      const site = await openPublishedSite(t);
      const wrong: readonly Partial<Challenge>[] = [
        { secret: 'wrong' },
        { user: 'bob' },
        { subdomain: '_acme-challenge.shop.example.test', name: '_acme-challenge.shop.example.test' },
        { subdomain: '_acme-challenge.none.example.test', name: '_acme-challenge.none.example.test' },
      ];
      for (const changes of wrong) {
        const challenge = { ...CHALLENGE, ...changes };
        const reply = await site.send(client.present(challenge));
        assert.ok(!client.isDone(reply, challenge), `${JSON.stringify(changes)}: ${reply.raw}`);
      }
      site.breakStore(true);
      assert.ok(!client.isDone(await site.send(client.present(CHALLENGE)), CHALLENGE));
      site.breakStore(false);
      assert.equal(await site.resolve(NAME, 'TXT'), 'none');
    });

    const { registers } = client;
    if (registers === undefined) continue;
    it(`${client.name}: registers, and what it read of the answer works`, async (t) => {
      const registration = {
        account: 'bob',
        below: name('auth.example.test'),
        from: [parseIpPrefix('127.0.0.0/8')!],
        quota: { burst: 1, refillMs: 3_600_000 },
      };
      const site = await openPublishedSite(t, { registration });
      const registered = registers.read(await site.send(registers.request));
      assert.ok(registered !== undefined);
      const challenge = { ...CHALLENGE, ...registered, name: registered.fulldomain };
      assert.ok(client.isDone(await site.send(client.present(challenge)), challenge));
      assert.equal(await site.resolve(registered.fulldomain, 'TXT'), CHALLENGE.value);
      assert.equal(registers.read(await site.send(registers.request)), undefined, 'beyond its quota');
    });
  }
});
