/** Whose address it is: checkip and updates without an address, directly and behind proxies (D-6, D-9). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIpPrefix } from '../../../src/net/ip-prefix.ts';
import { type Site, basic, header, openSite, send } from '../site.ts';

function get(site: Site, path: string, headers = ''): ReturnType<Site['send']> {
  return site.send(`GET ${path} HTTP/1.1\r\nHost: d\r\n${headers}\r\n`);
}

const SITE = { hosts: ['home.example.test'], accounts: { alice: 's3cret' }, accept: 'any' } as const;
const UPDATE = '/nic/update?hostname=home.example.test';

describe('source address over HTTP', () => {
  it('shows the classic line byte for byte, with one address in the whole reply (D-9.1, D-9.2)', async (t) => {
    const site = await openSite(t);
    for (const path of ['/checkip', '/nic/checkip', '/CheckIP/', '/checkip?format=html']) {
      const reply = await get(site, path);
      assert.equal(
        reply.body,
        '<html><head><title>Current IP Check</title></head><body>Current IP Address: 127.0.0.1</body></html>\r\n',
      );
      assert.equal(reply.raw.match(/\d+\.\d+\.\d+\.\d+/g)?.length, 1);
      assert.equal(reply.raw.match(/[\da-f]*::/gi), null);
      assert.deepEqual(header(reply, 'Content-Type'), ['text/html; charset=utf-8']);
    }
  });

  it('shows it plain or as JSON, and at a checkip host name at the root (D-9.1, D-9.3)', async (t) => {
    const site = await openSite(t);
    for (const path of ['/ip', '/myip', '/checkip?format=text', '/ip?format=nonsense']) {
      assert.equal((await get(site, path)).body, '127.0.0.1\n', path);
    }
    for (const path of ['/ip?format=json', '/checkip?FORMAT=JSON']) {
      assert.equal((await get(site, path)).body, '{"ip":"127.0.0.1"}', path);
    }
    const root = await site.send(
      'GET / HTTP/1.0\r\nHost: checkip.dyndns.org\r\nUser-Agent: phpDynDNS/0.7\r\n\r\n',
    );
    assert.match(root.body, /Current IP Address: 127\.0\.0\.1</);
  });

  it('is not moved by headers of a peer that nobody trusts (D-6.1)', async (t) => {
    const site = await openSite(t, SITE);
    const spoofed =
      'X-Forwarded-For: 203.0.113.66\r\nForwarded: for=203.0.113.66\r\nX-Real-IP: 203.0.113.66\r\nClient-IP: 203.0.113.66\r\n';
    assert.equal((await get(site, '/ip', spoofed)).body, '127.0.0.1\n');
    assert.equal((await get(site, UPDATE, basic('alice', 's3cret') + spoofed)).body, 'good 127.0.0.1\n');
    assert.equal(site.log[0]?.fields['source'], '127.0.0.1');
  });

  it('is what a trusted proxy says, as far as the chain is trusted (D-6.2, D-6.3)', async (t) => {
    const site = await openSite(t, { ...SITE, trust: ['127.0.0.0/8', '10.0.0.0/8'] });
    const auth = basic('alice', 's3cret');
    const chain = 'X-Forwarded-For: 6.6.6.6, 203.0.113.66, 10.0.0.1\r\n';
    assert.equal((await get(site, UPDATE, auth + chain)).body, 'good 203.0.113.66\n');
    assert.equal((await get(site, '/ip', 'Forwarded: for="[2001:db8::7]:99"\r\n')).body, '2001:db8::7\n');
    assert.equal(
      (await get(site, '/ip', 'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 203.0.113.66\r\n')).body,
      '203.0.113.66\n',
    );
    assert.equal((await get(site, `${UPDATE}&myip=198.51.100.7`, auth + chain)).body, 'good 198.51.100.7\n');
  });

  it('follows the trusted proxies of the moment (D-6.5)', async (t) => {
    const site = await openSite(t);
    const ask = async (): Promise<string> =>
      (await get(site, '/ip', 'X-Forwarded-For: 203.0.113.66\r\n')).body;
    assert.equal(await ask(), '127.0.0.1\n');
    site.server.reconfigure({ trustedProxies: [parseIpPrefix('127.0.0.1')!] });
    assert.equal(await ask(), '203.0.113.66\n');
    site.server.reconfigure({ trustedProxies: [] });
    assert.equal(await ask(), '127.0.0.1\n');
  });

  it('is IPv4 where IPv4 comes in over an IPv6 socket (D-6.6)', async (t) => {
    const site = await openSite(t, { server: { listen: [{ address: '::', port: 0 }] } });
    const reply = await send({ address: '127.0.0.1', port: site.port }, 'GET /ip HTTP/1.0\r\n\r\n');
    assert.equal(reply.body, '127.0.0.1\n');
  });

  it('is what the PROXY header of a trusted proxy says, however the bytes arrive (D-6.7)', async (t) => {
    const server = { proxyProtocol: true, limits: { headersTimeout: 300 } };
    const site = await openSite(t, { trust: ['127.0.0.1'], server });
    const request = 'GET /ip HTTP/1.1\r\nHost: d\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n';
    const version1 = 'PROXY TCP4 203.0.113.66 127.0.0.1 4711 80\r\n';
    const version2 = '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x42\x7f\0\0\x01\x12\x67\0\x50';
    for (const header of [version1, version2]) {
      const whole = header + request;
      for (const pieces of [[whole], [header, request], whole.match(/[^]{1,9}/g)!]) {
        assert.equal((await site.send('', { pieces })).body, '203.0.113.66\n');
      }
    }
    const kept = request.replace('\r\n\r\n', '\r\nConnection: keep-alive\r\n\r\n');
    const twice = await site.send('', { pieces: [version1 + kept, request] });
    assert.equal(twice.raw.match(/\n203\.0\.113\.66\n/g)?.length, 2);
    assert.equal((await site.send(`PROXY UNKNOWN\r\n${request}`)).body, '6.6.6.6\n', 'the proxy for itself');
  });

  it('ends connections of trusted proxies that bring no PROXY header in time (D-6.7)', async (t) => {
    const server = { proxyProtocol: true, limits: { headersTimeout: 300 } };
    const site = await openSite(t, { trust: ['127.0.0.1'], server });
    for (const start of ['GET /ip HTTP/1.0\r\n\r\n', 'PROXY TCP4 nobody\r\n', 'PROXY TCP4 ', '']) {
      const reply = await site.send(start).catch((error: unknown) => (error as NodeJS.ErrnoException).code);
      assert.ok(reply === 'ECONNRESET' || (typeof reply === 'object' && reply.raw === ''), start);
    }
  });

  it('takes a PROXY header from nobody else (D-6.7)', async (t) => {
    const site = await openSite(t, { server: { proxyProtocol: true } });
    const header = 'PROXY TCP4 203.0.113.66 127.0.0.1 4711 80\r\n';
    assert.equal((await site.send(`${header}GET /ip HTTP/1.0\r\n\r\n`)).status, 400);
    assert.equal((await get(site, '/ip')).body, '127.0.0.1\n');
  });
});
