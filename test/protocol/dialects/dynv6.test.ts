/** dynv6: set, keep and take away, each family for itself (docs/protocol/dialects/dynv6.md). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openPublishedSite } from './published-site.ts';

describe('dynv6', () => {
  it('sets what is given and keeps what is not', async (t) => {
    const site = await openPublishedSite(t);
    const base = '/api/update?zone=home.example.test&token=HomeToken';
    assert.equal((await site.get(`${base}&ipv4=198.51.100.7&ipv6=2001:db8::7`)).body, 'addresses updated');
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::7');
    for (const rest of ['', '&ipv4=&ipv6=', '&ipv4=198.51.100.7', '&ipv6prefix=2001:db8:1::/56'])
      assert.equal((await site.get(base + rest)).body, 'addresses unchanged', rest);
    assert.equal((await site.get(`${base}&ipv4=auto`)).body, 'addresses updated');
    assert.equal(await site.resolve('home.example.test', 'A'), '127.0.0.1');
    assert.equal((await site.get(`${base}&ipv4=-`)).body, 'addresses updated');
    assert.equal(await site.resolve('home.example.test', 'A'), 'none');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::7');
  });

  it('takes hostname for zone, an address with the length of its network, and the first label', async (t) => {
    const site = await openPublishedSite(t);
    const reply = await site.get('/api/update?hostname=home&token=HomeToken&ipv6=2001:db8::123/64');
    assert.equal(reply.body, 'addresses updated');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::123');
  });

  it('says what is wrong, by status too', async (t) => {
    const site = await openPublishedSite(t);
    for (const [query, status, text] of [
      ['zone=home&token=Wrong&ipv4=198.51.100.7', 401, 'invalid authentication'],
      ['zone=home&ipv4=198.51.100.7', 401, 'invalid authentication'],
      ['zone=nope.example.test&token=HomeToken&ipv4=198.51.100.7', 404, 'zone not found'],
      ['zone=shop.example.test&token=HomeToken&ipv4=198.51.100.7', 404, 'zone not found'],
      ['zone=vpn.example.test&token=HomeToken&ipv4=198.51.100.7', 403, 'zone not permitted'],
      ['zone=home&token=HomeToken&ipv4=nonsense', 400, 'invalid address'],
      ['zone=home&token=HomeToken&ipv4=2001:db8::7', 400, 'invalid address'],
      ['zone=home&token=HomeToken&ipv6=auto', 400, 'invalid address'],
    ] as const) {
      const reply = await site.get(`/api/update?${query}`);
      assert.deepEqual([reply.status, reply.body], [status, text], query);
    }
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('keeps the family that auto cannot have over this connection, where the other one is given', async (t) => {
    const site = await openPublishedSite(t);
    const reply = await site.get('/api/update?zone=home&token=HomeToken&ipv4=198.51.100.7&ipv6=auto');
    assert.deepEqual([reply.status, reply.body], [200, 'addresses updated']);
    assert.equal(site.published('home.example.test'), '198.51.100.7 -');
  });

  it('leaves to DynDNS2 what has the parameters of DynDNS2', async (t) => {
    const site = await openPublishedSite(t);
    const reply = await site.get('/api/update?hostname=home.example.test&token=HomeToken&myip=198.51.100.7');
    assert.equal(reply.body, 'good 198.51.100.7\n');
  });
});
