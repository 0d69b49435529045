/** Where a client would like something else than Homing answers: that it is what the document says (D-11). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reply, type Site, basic, header, openSite } from './site.ts';

const AUTH = basic('alice', 's3cret');

function get(site: Site, target: string, headers = AUTH): Promise<Reply> {
  return site.send(`GET ${target} HTTP/1.1\r\nHost: d\r\n${headers}\r\n`);
}

function post(site: Site, target: string, headers: string, body: string): Promise<Reply> {
  return site.send(
    `POST ${target} HTTP/1.1\r\nHost: d\r\n${headers}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

describe('documented differences', () => {
  it('answers requests of dialects that are off in DynDNS2 or not at all (D-1.6, D-11.1, D-11.2, D-11.3)', async (t) => {
    const site = await openSite(t, {
      hosts: ['home.example.test'],
      accounts: { alice: 's3cret' },
      tokens: { DuckToken: null },
      server: { dialects: ['dyndns2'] },
    });
    const dyndns1 =
      '/nic/dyndns?action=edit&started=1&hostname=YES&host_id=home.example.test&myip=198.51.100.7';
    assert.equal((await get(site, dyndns1)).body, 'good 198.51.100.7\n');
    const duckdns = await get(site, '/update?domains=home.example.test&token=DuckToken&ip=198.51.100.8', '');
    assert.equal(duckdns.body, 'good 198.51.100.8\n');
    const dynv6 = await get(
      site,
      '/api/update?hostname=home.example.test&token=DuckToken&ipv4=198.51.100.9',
      '',
    );
    assert.equal(dynv6.body, 'good 198.51.100.9\n');
    for (const target of [
      '/ducupdate.php?requestL=dXNlcm5hbWU9YWxpY2U=',
      '/u/DuckToken',
      '/u/DuckToken/',
      '/update/home.example.test/DuckToken',
      '/dynamic/update.php?DuckToken',
      '/register',
      '/gnudip/cgi-bin/gdipupdt.cgi',
    ]) {
      assert.equal((await get(site, target)).status, 404, target);
    }
    assert.equal(site.published('home.example.test'), '198.51.100.9 -');
  });

  it('can switch DynDNS2 off and leave the others on (D-1.6)', async (t) => {
    const site = await openSite(t, {
      hosts: ['home.example.test'],
      accounts: { alice: null },
      tokens: { DuckToken: null },
      server: { dialects: ['duckdns'] },
    });
    const target = '?domains=home.example.test&token=DuckToken&ip=198.51.100.8';
    assert.equal((await get(site, `/nic/update${target}`, '')).status, 404);
    assert.equal((await get(site, `/update${target}`, '')).body, 'OK');
  });

  it('does not take an ACME challenge for an update where its dialects are off (D-11.4)', async (t) => {
    const site = await openSite(t, {
      hosts: ['home.example.test'],
      accounts: { alice: 's3cret' },
      server: { dialects: ['dyndns2'] },
    });
    const acme = await post(
      site,
      '/update',
      'X-Api-User: alice\r\nX-Api-Key: s3cret\r\n',
      '{"subdomain":"x","txt":"y"}',
    );
    assert.equal(acme.body, 'badauth\n');
    assert.equal(
      (await post(site, '/present', AUTH, '{"fqdn":"_acme-challenge.home.example.test."}')).status,
      404,
    );
  });

  it('waits for more after an HTTP/0.9 line, but not for ever (D-11.5)', async (t) => {
    const site = await openSite(t, { server: { limits: { headersTimeout: 200 } } });
    const reply = await site.send('GET /nic/update?hostname=home.example.test\r\n');
    assert.equal(reply.status, 408);
    assert.ok(reply.closed);
  });

  it('refuses what only a lenient parser would take (D-11.6, D-11.7)', async (t) => {
    const site = await openSite(t, { hosts: ['home.example.test'], accounts: { alice: 's3cret' } });
    assert.equal((await get(site, '/nic/update?hostname=home.example.test http://x')).status, 400);
    const semicolon = await get(site, '/nic/update?hostname=home.example.test;myip=198.51.100.7');
    assert.equal(semicolon.body, 'notfqdn\n');
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('tells good or nochg for a lone prefix, and ignores system and wildcard (D-11.8, D-11.9)', async (t) => {
    const site = await openSite(t, { hosts: ['home.example.test'], accounts: { alice: 's3cret' } });
    const host = '/nic/update?hostname=home.example.test';
    assert.equal((await get(site, `${host}&ip6lanprefix=2001:db8:0:100::/56`)).body, 'good 0.0.0.0\n');
    assert.equal((await get(site, `${host}&ip6lanprefix=2001:db8:0:100::/56`)).body, 'nochg 0.0.0.0\n');
    assert.equal(
      (await get(site, `${host}&system=foo&wildcard=ON&myip=198.51.100.7`)).body,
      'good 198.51.100.7\n',
    );
    assert.equal((await get(site, '/nic/update?hostname=*.home.example.test')).body, 'nohost\n');
  });

  it('echoes an IPv6 address that holds 911 as it is (D-11.10)', async (t) => {
    const site = await openSite(t, { hosts: ['home.example.test'], accounts: { alice: 's3cret' } });
    const reply = await get(site, '/nic/update?hostname=home.example.test&myip=2001:db8::911');
    assert.equal(reply.body, 'good 2001:db8::911\n');
    assert.deepEqual(header(reply, 'Content-Length'), [String(reply.body.length)]);
  });
});
