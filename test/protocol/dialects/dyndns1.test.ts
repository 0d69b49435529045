/** dyndns1, and the requests of a FRITZ!Box with two URLs in its form (docs/protocol/dialects/dyndns1.md, D-1.7). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { basic } from '../site.ts';
import { openPublishedSite } from './published-site.ts';

const AUTH = basic('alice', 'BothToken');

describe('dyndns1', () => {
  it('answers ddclient 3 with title and codes, and DNS has the address (D-11.1)', async (t) => {
    const site = await openPublishedSite(t);
    const target =
      '/nic/dyndns?action=edit&started=1&hostname=YES&host_id=home.example.test&myip=198.51.100.7';
    const reply = await site.get(target, AUTH);
    assert.match(reply.body, /^<TITLE>Host modified<\/TITLE>\nreturn code: NOERROR\nerror code: NOERROR\n$/);
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    assert.match((await site.get(target, AUTH)).body, /return code: NOERROR\nerror code: NOERROR\n/);
    const wrong = await site.get(target, basic('alice', 'nope'));
    assert.equal(wrong.status, 401);
    assert.match(wrong.body, /return code: BADAUTH\nerror code: BADAUTH\n/);
    const unknown = await site.get(target.replace('home', 'nope'), AUTH);
    assert.match(unknown.body, /<TITLE>No such host<\/TITLE>\nreturn code: NOHOST\nerror code: NOHOST\n/);
    const plain = '/nic/dyndns?action=edit&hostname=home.example.test&myip=198.51.100.7';
    assert.equal((await site.get(plain, AUTH)).body, 'nochg 198.51.100.7\n');
  });
});

describe('two URLs of a FRITZ!Box in one request (D-1.7)', () => {
  it('are one update where they name one host', async (t) => {
    const site = await openPublishedSite(t);
    const home = '/nic/update?hostname=home.example.test';
    const reply = await site.get(
      `${home}&myip=198.51.100.7%20http://dyn.example.test${home}&myipv6=2001:db8::7`,
      AUTH,
    );
    assert.equal(reply.body, 'good 198.51.100.7,2001:db8::7\n');
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::7');
    const only = await site.get(
      `${home}&myip=198.51.100.8%20https%3A%2F%2Fdyn.example.test${home}&myipv6=`,
      AUTH,
    );
    assert.equal(only.body, 'good 198.51.100.8\n');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::7');
  });

  it('are one update for each host where they name two', async (t) => {
    const site = await openPublishedSite(t);
    const reply = await site.get(
      '/nic/update?hostname=home.example.test&myip=198.51.100.7+http://d/nic/update?hostname=vpn.example.test&myipv6=2001:db8::7',
      AUTH,
    );
    assert.equal(reply.body, 'good 198.51.100.7\ngood 2001:db8::7\n');
    assert.equal(site.published('home.example.test'), '198.51.100.7 -');
    assert.equal(site.published('vpn.example.test'), '- 2001:db8::7');
  });

  it('take every placeholder, filled in, empty and forgotten', async (t) => {
    const site = await openPublishedSite(t);
    const form = (values: Readonly<Record<string, string>>): string =>
      '/nic/update?hostname=home.example.test&myip=<ipaddr>&myipv6=<ip6addr>&ip6lanprefix=<ip6lanprefix>&dualstack=<dualstack>&user=<username>&pass=<pass>'.replaceAll(
        /<(\w+)>/g,
        (whole, name: string) => values[name] ?? whole,
      );
    const credentials = { username: 'alice', pass: 'HomeToken' };
    const both = { ...credentials, ipaddr: '198.51.100.7', ip6addr: '2001:db8::7' };
    const send = async (values: Readonly<Record<string, string>>): Promise<string> =>
      (await site.get(form(values))).body;
    assert.equal(
      await send({ ...both, ip6lanprefix: '2001:db8:0:100::/56', dualstack: '1' }),
      'good 198.51.100.7,2001:db8::7\n',
    );
    assert.equal(
      await send({ ...credentials, ipaddr: '198.51.100.8', ip6addr: '', ip6lanprefix: '', dualstack: '0' }),
      'good 198.51.100.8\n',
    );
    assert.equal(
      await send({ ...credentials, ipaddr: '', ip6addr: '2001:db8::8', dualstack: '0' }),
      'good 2001:db8::8\n',
    );
    assert.equal(await send(credentials), 'good 127.0.0.1\n', 'nothing filled in: the source address');
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::8');
  });
});
