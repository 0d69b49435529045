/** Requests that are wrong in ways that devices are wrong: served, or answered with a code, never with an error (D-1 to D-4). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Site, basic, openSite } from './site.ts';

const AUTH = basic('alice', 's3cret');
const HOME = 'hostname=home.example.test';

async function open(t: Parameters<typeof openSite>[0]): Promise<Site> {
  return openSite(t, {
    hosts: ['home.example.test', 'vpn.example.test', 'my_nas.example.test', 'shop.example.test=bob'],
    accounts: { alice: 's3cret', bob: 'x', 'alice@example.test': 'p#s:w%d' },
  });
}

function get(target: string, headers = `Host: d\r\n${AUTH}`): string {
  return `GET ${target} HTTP/1.1\r\n${headers}\r\n`;
}

describe('tolerance of requests', () => {
  it('serves every path form (D-1.1, D-1.3)', async (t) => {
    const site = await open(t);
    for (const path of [
      '//nic/update',
      '/nic/update/',
      '/NIC/Update',
      '/v2/update',
      '/update',
      '/nic/statdns',
      '/dyndns/update',
      'http://ddns.example.test:8080/nic/update',
    ]) {
      const reply = await site.send(get(`${path}?${HOME}&myip=198.51.100.7`));
      assert.match(reply.body, /^(?:good|nochg) 198\.51\.100\.7\n$/, path);
    }
  });

  it('needs no Host, takes a foreign one and ignores an impossible one (D-8.4)', async (t) => {
    const site = await open(t);
    const target = `/nic/update?${HOME}&myip=198.51.100.7`;
    for (const headers of [
      AUTH,
      `Host: members.dyndns.org\r\n${AUTH}`,
      `Host:\r\n${AUTH}`,
      `Host: a b/c?d\r\n${AUTH}`,
      `Host: http://ddns.example.test/\r\n${AUTH}`,
      `Host: [::1\r\n${AUTH}`,
      `host: x\r\nauthorization: basic YWxpY2U6czNjcmV0\r\n`,
    ]) {
      assert.equal((await site.send(get(target, headers))).status, 200, headers);
      assert.equal(
        (await site.send(get(target, headers).replace('HTTP/1.1', 'HTTP/1.0'))).status,
        200,
        headers,
      );
    }
  });

  it('takes escapes and signs that a URL may not hold (D-2.4, D-2.5)', async (t) => {
    const site = await open(t);
    assert.equal((await site.send(get('/nic/update?hostname=b%FCro.example.test'))).body, 'notfqdn\n');
    assert.equal((await site.send(get('/nic/update?hostname=home.example.test;myip=1'))).body, 'notfqdn\n');
    assert.equal(
      (await site.send(get(`/nic/update?${HOME}&myip=198.51.100.7&note=<a>"{b}|^\`#c\\d`))).body,
      'good 198.51.100.7\n',
    );
  });

  it('answers a code for each odd host name (D-4)', async (t) => {
    const site = await open(t);
    const cases: readonly (readonly [hosts: string, body: string])[] = [
      ['HOME.Example.TEST.', 'good 198.51.100.7\n'],
      ['my_nas.example.test', 'good 198.51.100.7\n'],
      ['home.example.test,%20vpn.example.test', 'nochg 198.51.100.7\ngood 198.51.100.7\n'],
      ['home.example.test+vpn.example.test', 'nochg 198.51.100.7\nnochg 198.51.100.7\n'],
      ['vpn.example.test,vpn.example.test', 'nochg 198.51.100.7\nnochg 198.51.100.7\n'],
      ['*.home.example.test', 'nohost\n'],
      ['shop.example.test', 'nohost\n'],
      ['elsewhere.invalid', 'nohost\n'],
      ['home', 'notfqdn\n'],
      ['<domain>', 'notfqdn\n'],
      ['', 'notfqdn\n'],
      ['home,elsewhere.invalid,home.example.test', 'notfqdn\nnohost\nnochg 198.51.100.7\n'],
    ];
    for (const [hosts, body] of cases) {
      const reply = await site.send(get(`/nic/update?hostname=${hosts}&myip=198.51.100.7`));
      assert.equal(reply.status, 200, hosts);
      assert.equal(reply.body, body, hosts);
    }
  });

  it('answers numhost once for more than twenty hosts and changes none (D-4.6)', async (t) => {
    const site = await open(t);
    const many = (count: number): string =>
      Array.from({ length: count }, () => 'home.example.test').join(',');
    assert.equal(
      (await site.send(get(`/nic/update?hostname=${many(21)}&myip=198.51.100.7`))).body,
      'numhost\n',
    );
    assert.equal(site.published('home.example.test'), '- -');
    const twenty = await site.send(get(`/nic/update?hostname=${many(20)}&myip=198.51.100.7`));
    assert.equal(twenty.body, 'good 198.51.100.7\n'.repeat(20));
  });

  it('takes every form of right credentials (D-3)', async (t) => {
    const site = await open(t);
    const target = `/nic/update?${HOME}&myip=198.51.100.7`;
    for (const value of ['Basic  YWxpY2U6czNjcmV0 ', 'basic YWxpY2U6czNjcmV0', 'Basic alice:s3cret']) {
      const reply = await site.send(get(target, `Host: d\r\nAuthorization: ${value}\r\n`));
      assert.equal(reply.status, 200, value);
    }
    const email = await site.send(get(target, basic('alice@example.test', 'p#s:w%d')));
    assert.equal(email.body, 'nohost\n', 'right password, but the host is of another account');
    assert.equal(
      (await site.send(get(`${target}&u=alice%40example.test&p=p%23s:w%25d`, ''))).body,
      'nohost\n',
    );
  });

  it('answers badauth for credentials that are wrong, missing or of another scheme, whatever the hosts (D-3.4)', async (t) => {
    const site = await open(t);
    for (const hosts of ['home.example.test', 'elsewhere.invalid', 'x', '']) {
      for (const headers of [
        '',
        basic('alice', 'nope'),
        basic('nobody', 'nope'),
        'Authorization: Digest username="alice", realm="x"\r\n',
        'Authorization: Bearer nope\r\n',
      ]) {
        const reply = await site.send(get(`/nic/update?hostname=${hosts}&myip=198.51.100.7`, headers));
        if (reply.status === 503) continue; // locked out by now, which the lockout's own tests are about
        assert.equal(reply.status, 401);
        assert.equal(reply.body, 'badauth\n');
      }
    }
    assert.equal(site.published('home.example.test'), '- -');
  });
});
