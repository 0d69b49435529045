/** DuckDNS: what its clients send, what they read, and what DNS answers then (docs/protocol/dialects/duckdns.md). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { basic } from '../site.ts';
import { attempts, openPublishedSite } from './published-site.ts';

describe('DuckDNS', () => {
  it('sets what ddclient, inadyn and Home Assistant send, and answers OK alone', async (t) => {
    const site = await openPublishedSite(t);
    const reply = await site.get('/update?domains=home.example.test&token=HomeToken&ip=198.51.100.7');
    assert.equal(reply.body, 'OK');
    assert.equal(reply.status, 200);
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    assert.equal((await site.get('/update?domains=home.example.test&token=HomeToken')).body, 'OK');
    assert.equal(await site.resolve('home.example.test', 'A'), '127.0.0.1', 'the source address');
    assert.deepEqual(attempts(site), [
      'duckdns home.example.test changed',
      'duckdns home.example.test changed',
    ]);
  });

  it('takes first labels of the hosts of a token, and FreeMyIP’s names for the parameters', async (t) => {
    const site = await openPublishedSite(t);
    const both = await site.get('/update?domains=home,VPN&token=BothToken&ip=198.51.100.7&ipv6=2001:db8::7');
    assert.equal(both.body, 'OK');
    for (const name of ['home.example.test', 'vpn.example.test']) {
      assert.equal(await site.resolve(name, 'A'), '198.51.100.7');
      assert.equal(await site.resolve(name, 'AAAA'), '2001:db8::7');
    }
    assert.equal((await site.get('/update?domains=shop&token=BothToken')).body, 'KO');
    assert.equal((await site.get('/update?domains=home&token=AllToken')).body, 'KO', 'not limited to a host');
    const freemyip = await site.get('/update?token=HomeToken&domain=home.example.test&myip=198.51.100.9');
    assert.equal(freemyip.body, 'OK');
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.9');
  });

  it('tells more where asked: addresses, and whether anything changed', async (t) => {
    const site = await openPublishedSite(t);
    const target = '/update?domains=home&token=HomeToken&ip=198.51.100.7&verbose=true';
    assert.equal((await site.get(target)).body, 'OK\n198.51.100.7\n\nUPDATED');
    assert.equal((await site.get(target)).body, 'OK\n198.51.100.7\n\nNOCHANGE');
    const six = await site.get('/update?domains=home&token=HomeToken&ip=2001:db8::7&verbose=true');
    assert.equal(six.body, 'OK\n198.51.100.7\n2001:db8::7\nUPDATED');
  });

  it('takes everything away with clear', async (t) => {
    const site = await openPublishedSite(t);
    await site.get('/update?domains=home&token=HomeToken&ip=198.51.100.7&ipv6=2001:db8::7');
    const reply = await site.get(
      '/update?domains=home&token=HomeToken&ip=198.51.100.8&clear=true&verbose=true',
    );
    assert.equal(reply.body, 'OK\n\n\nUPDATED');
    assert.equal(await site.resolve('home.example.test', 'A'), 'none');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), 'none');
  });

  it('sets, replaces and clears a TXT value at the name and its challenge name, and no address', async (t) => {
    const site = await openPublishedSite(t);
    for (const value of ['first', 'sec ond']) {
      const txt = encodeURIComponent(value);
      const reply = await site.get(`/update?domains=home&token=HomeToken&txt=${txt}&verbose=true`);
      assert.equal(reply.body, `OK\n${value}\nUPDATED`);
      for (const name of ['home.example.test', '_acme-challenge.home.example.test'])
        assert.equal(await site.resolve(name, 'TXT'), value);
    }
    assert.equal(await site.resolve('home.example.test', 'A'), 'none');
    assert.equal(
      (await site.get('/update?domains=home&token=HomeToken&txt=sec%20ond&clear=true')).body,
      'OK',
    );
    assert.equal(await site.resolve('_acme-challenge.home.example.test', 'TXT'), 'none');
    assert.equal((await site.get(`/update?domains=home&token=HomeToken&txt=${'x'.repeat(256)}`)).body, 'KO');
  });

  it('takes all in the path, for routers that cannot make a query', async (t) => {
    const site = await openPublishedSite(t);
    assert.equal((await site.get('/update/home/HomeToken/198.51.100.7')).body, 'OK');
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    assert.equal((await site.get('/Update/home.example.test/HomeToken/')).body, 'OK');
    assert.equal(await site.resolve('home.example.test', 'A'), '127.0.0.1');
    assert.equal((await site.get('/update/home/HomeToken/2001:db8::7')).body, 'OK');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::7');
    assert.equal((await site.get('/update/home/WrongToken')).body, 'KO');
  });

  it('answers KO for whatever is not wholly as asked, and changes nothing that is not right', async (t) => {
    const site = await openPublishedSite(t);
    for (const [query, status] of [
      ['domains=home&token=WrongToken&ip=198.51.100.7', 401],
      ['domains=shop.example.test&token=HomeToken&ip=198.51.100.7', 200],
      ['domains=vpn.example.test&token=HomeToken&ip=198.51.100.7', 200],
      ['domains=home.example.test,shop.example.test&token=AllToken&ip=0300.1', 200],
      ['domains=home&token=HomeToken&ip=300.1.1.1', 200],
      ['domains=home&token=HomeToken&ip=198.51.100.7&ipv6=2001:db8::/56', 200],
      ['domains=,&token=HomeToken', 200],
      [`domains=${Array(21).fill('home').join()}&token=HomeToken`, 200],
    ] as const) {
      const reply = await site.get(`/update?${query}`);
      assert.equal(reply.body, 'KO', query);
      assert.equal(reply.status, status, query);
    }
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('leaves to DynDNS2 what has credentials of its own', async (t) => {
    const site = await openPublishedSite(t);
    const target = '/update?domains=home.example.test&token=x&ip=198.51.100.7';
    assert.equal((await site.get(target, basic('alice', 'HomeToken'))).body, 'good 198.51.100.7\n');
  });
});
