/** FreeDNS and plain URLs: nothing but a token (docs/protocol/dialects/freedns.md, docs/protocol/dialects/plain.md). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { attempts, openPublishedSite } from './published-site.ts';

describe('FreeDNS', () => {
  it('takes the first form, in its texts', async (t) => {
    const site = await openPublishedSite(t);
    const target = '/dynamic/update.php?HomeToken&address=198.51.100.7';
    assert.equal((await site.get(target)).body, 'Updated 1 host(s) home.example.test to 198.51.100.7\n');
    assert.equal(await site.resolve('home.example.test', 'A'), '198.51.100.7');
    assert.equal((await site.get(target)).body, 'ERROR: Address 198.51.100.7 has not changed.\n');
    assert.deepEqual(attempts(site), [
      'freedns home.example.test changed',
      'freedns home.example.test unchanged',
    ]);
  });

  it('takes the second form, with the source address or one that is given', async (t) => {
    const site = await openPublishedSite(t);
    assert.equal((await site.get('/u/HomeToken/')).body, 'Updated home.example.test to 127.0.0.1\n');
    assert.equal(await site.resolve('home.example.test', 'A'), '127.0.0.1');
    assert.equal(
      (await site.get('/U/HomeToken/?ip=127.0.0.1')).body,
      'No IP change detected for home.example.test with IP 127.0.0.1, skipping update\n',
    );
    assert.equal((await site.get('/u/HomeToken/?ip=2001:db8::7')).status, 200);
    assert.equal(await site.resolve('home.example.test', 'AAAA'), '2001:db8::7');
  });

  it('says ERROR for what is wrong, and never has a token update all hosts of its account', async (t) => {
    const site = await openPublishedSite(t);
    for (const [target, status, text] of [
      ['/dynamic/update.php?Wrong', 401, 'ERROR: Invalid update URL.\n'],
      ['/dynamic/update.php', 401, 'ERROR: Invalid update URL.\n'],
      ['/u/Wrong/', 401, 'ERROR: Invalid update URL.\n'],
      ['/u/HomeToken/?ip=nonsense', 200, 'ERROR: Invalid IP address.\n'],
    ] as const) {
      const reply = await site.get(target);
      assert.deepEqual([reply.status, reply.body], [status, text], target);
    }
    assert.match((await site.get('/u/AllToken/')).body, /^ERROR: This URL is for no host/);
    assert.equal(site.published('home.example.test'), '- -');
  });
});

describe('a plain URL', () => {
  it('gives the hosts of its token the source address, and answers in DynDNS2', async (t) => {
    const site = await openPublishedSite(t);
    assert.equal((await site.get('/u/BothToken')).body, 'good 127.0.0.1\ngood 127.0.0.1\n');
    assert.equal((await site.get('/u/BothToken')).body, 'nochg 127.0.0.1\nnochg 127.0.0.1\n');
    for (const name of ['home.example.test', 'vpn.example.test'])
      assert.equal(await site.resolve(name, 'A'), '127.0.0.1');
    const wrong = await site.get('/u/Wrong');
    assert.deepEqual([wrong.status, wrong.body], [401, 'badauth\n']);
    assert.equal((await site.get('/u/AllToken')).body, 'notfqdn\n');
    assert.equal((await site.get('/u/')).status, 404);
    assert.equal((await site.get('/u/a/b')).status, 404);
  });

  it('is no update for HEAD, which mail scanners and previews send', async (t) => {
    const site = await openPublishedSite(t);
    const reply = await site.send('HEAD /u/HomeToken HTTP/1.1\r\nHost: d\r\n\r\n');
    assert.equal(reply.status, 200);
    assert.equal(site.published('home.example.test'), '- -');
  });
});
