/** Each outcome as a device sees it, and what the log keeps of it (D-5, D-7). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Reply, type Site, basic, header, openSite } from './site.ts';

const AUTH = basic('alice', 's3cret');

function update(site: Site, query: string, headers = AUTH): Promise<Reply> {
  return site.send(`GET /nic/update?${query} HTTP/1.1\r\nHost: d\r\nUser-Agent: curl/8\r\n${headers}\r\n`);
}

const SITE = { hosts: ['home.example.test', 'vpn.example.test'], accounts: { alice: 's3cret' } };

describe('outcomes', () => {
  it('publishes, keeps the other family, and compares by value (D-5.1, D-7.3)', async (t) => {
    const site = await openSite(t, SITE);
    const host = 'hostname=home.example.test';
    assert.equal(
      (await update(site, `${host}&myip=198.51.100.7,2001:db8::7`)).body,
      'good 198.51.100.7,2001:db8::7\n',
    );
    assert.equal((await update(site, `${host}&myip=198.51.100.8`)).body, 'good 198.51.100.8\n');
    assert.equal(site.published('home.example.test'), '198.51.100.8 2001:db8::7');
    assert.equal((await update(site, `${host}&myipv6=2001:DB8:0::0007`)).body, 'nochg 2001:db8::7\n');
    assert.equal((await update(site, `${host}&myip=198.051.100.008/24`)).body, 'nochg 198.51.100.8\n');
    assert.equal(
      (await update(site, `${host}&myip=2001:db8::7,198.51.100.7`)).body,
      'good 2001:db8::7,198.51.100.7\n',
    );
  });

  it('leaves the addresses alone for a prefix, and shows what is published (D-5.6)', async (t) => {
    const site = await openSite(t, SITE);
    await update(site, 'hostname=home.example.test&myip=198.51.100.7,2001:db8::7');
    const reply = await update(site, 'hostname=home.example.test&myipv6=2001:db8:0:100::/64');
    assert.equal(reply.body, 'good 198.51.100.7,2001:db8::7\n');
    assert.equal(site.published('home.example.test'), '198.51.100.7 2001:db8::7');
  });

  it('takes both addresses away for offline=yes (D-5.7)', async (t) => {
    const site = await openSite(t, SITE);
    await update(site, 'hostname=home.example.test&myip=198.51.100.7,2001:db8::7');
    assert.equal((await update(site, 'hostname=home.example.test&offline=YES')).body, 'good 0.0.0.0\n');
    assert.equal(site.published('home.example.test'), '- -');
    assert.equal((await update(site, 'hostname=home.example.test&offline=yes')).body, 'nochg 0.0.0.0\n');
  });

  it("answers dnserr with the reason where the zone's policy refuses the address (D-5.8, D-7.5)", async (t) => {
    const site = await openSite(t, { ...SITE, accept: 'public' });
    const reply = await update(site, 'hostname=home.example.test,elsewhere.invalid&myip=192.168.1.1');
    assert.equal(reply.status, 200);
    assert.equal(reply.body, 'dnserr\nnohost\n');
    assert.deepEqual(header(reply, 'X-Homing-Reason'), [
      '192.168.1.1 is a private address; the zone accepts "public" addresses only',
    ]);
    for (const address of ['224.0.0.1', '255.255.255.255', 'ff02::1', '127.0.0.1']) {
      const refused = await update(site, `hostname=home.example.test&myip=${address}`);
      assert.equal(refused.body, 'dnserr\n', address);
      assert.equal(header(refused, 'X-Homing-Reason').length, 1);
    }
  });

  it('lets a limited token update its hosts, see its siblings, and nothing else (D-7.2)', async (t) => {
    const site = await openSite(t, { ...SITE, tokens: { VpnToken: ['vpn.example.test'] } });
    for (const headers of [basic('alice', 'VpnToken'), 'Authorization: Bearer VpnToken\r\n']) {
      const reply = await update(
        site,
        'hostname=vpn.example.test,home.example.test,x.example.test&myip=10.0.0.1',
        headers,
      );
      assert.match(reply.body, /^(?:good|nochg) 10\.0\.0\.1\n!yours\nnohost\n$/);
    }
  });

  it('tells those who may update a blocked host abuse, and nobody else of it (D-7.2, D-7.8)', async (t) => {
    const site = await openSite(t, {
      ...SITE,
      accounts: { alice: 's3cret', bob: 'b0bs-own' },
      tokens: { VpnToken: ['vpn.example.test'], HomeToken: ['home.example.test'] },
    });
    const query = 'hostname=home.example.test,vpn.example.test&myip=198.51.100.8';
    await update(site, 'hostname=home.example.test&myip=198.51.100.7,2001:db8::7');
    await site.block('home.example.test');
    const serial = site.serial();
    const reply = await update(site, 'hostname=home.example.test&myip=198.51.100.8');
    assert.deepEqual([reply.status, reply.body], [200, 'abuse\n']);
    // An unchanged address, a refused one and offline are no way around it.
    for (const rest of ['&myip=198.51.100.7', '&myip=224.0.0.1', '&offline=yes', ''])
      assert.equal((await update(site, `hostname=home.example.test${rest}`)).body, 'abuse\n', rest);
    const byHostToken = await update(site, 'myip=198.51.100.8', basic('home.example.test', 'HomeToken'));
    assert.equal(byHostToken.body, 'abuse\n');
    assert.equal(site.serial(), serial);
    assert.equal((await update(site, query, basic('bob', 'b0bs-own'))).body, 'nohost\nnohost\n');
    assert.equal((await update(site, query, basic('alice', 'wrong'))).body, 'badauth\n');
    assert.equal((await update(site, query, basic('alice', 'VpnToken'))).body, '!yours\ngood 198.51.100.8\n');
    assert.equal((await update(site, query)).body, 'abuse\nnochg 198.51.100.8\n');
    assert.equal(site.published('home.example.test'), '198.51.100.7 2001:db8::7');
  });

  it('answers 911 with 503 and a time to wait while the store takes no writes, then works again (D-7.6)', async (t) => {
    const site = await openSite(t, SITE);
    site.breakStore(true);
    const down = await update(site, 'hostname=home.example.test&myip=198.51.100.7');
    assert.equal(down.statusLine, 'HTTP/1.1 503 Service Unavailable');
    assert.equal(down.body, '911\n');
    assert.deepEqual(header(down, 'Retry-After'), ['60']);
    site.breakStore(false);
    assert.equal(
      (await update(site, 'hostname=home.example.test&myip=198.51.100.7')).body,
      'good 198.51.100.7\n',
    );
  });

  it('answers 911 with 503, never 429, once a source guessed too often (D-7.6)', async (t) => {
    const site = await openSite(t, SITE);
    for (let guess = 0; guess < 200; guess++) {
      const reply = await update(site, 'hostname=home.example.test', basic('alice', `guess${guess}`));
      if (reply.status === 401) continue;
      assert.equal(reply.status, 503);
      assert.equal(reply.body, '911\n');
      assert.match(header(reply, 'Retry-After')[0]!, /^[1-9]\d*$/);
      return;
    }
    assert.fail('two hundred wrong passwords and no lockout');
  });

  it('logs one line for each update, without what was secret in it (D-7.7)', async (t) => {
    const site = await openSite(t, { ...SITE, tokens: { SecretTokenValue: null } });
    await update(site, 'hostname=home.example.test,none.example.test&myip=198.51.100.7');
    await update(site, 'hostname=home.example.test&user=alice&pass=SecretTokenValue', '');
    await update(site, 'hostname=home.example.test', basic('alice', 'WrongSecretValue'));
    const [first, second, third] = site.log;
    assert.equal(site.log.length, 3);
    assert.deepEqual(
      { ...first?.fields, requestId: 'x', durationMs: 0 },
      {
        requestId: 'x',
        hostnames: ['home.example.test', 'none.example.test'],
        outcomes: ['changed', 'no-such-host'],
        account: 'alice',
        source: '127.0.0.1',
        agent: 'curl/8',
        durationMs: 0,
      },
    );
    assert.notEqual(first?.fields['requestId'], second?.fields['requestId']);
    assert.deepEqual(third?.fields['outcomes'], ['bad-credentials']);
    assert.ok(!/SecretTokenValue|s3cret|WrongSecretValue|czNjcmV0/.test(JSON.stringify(site.log)));
  });
});
