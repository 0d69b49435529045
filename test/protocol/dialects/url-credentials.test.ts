/** Credentials in URLs: where they are taken (D-3.5), and that they are never written down. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { basic } from '../site.ts';
import { attempts, openPublishedSite } from './published-site.ts';

const IN_URL = [
  '/nic/update?hostname=home.example.test&password=HomeToken',
  '/update?domains=home&token=HomeToken',
  '/update/home/HomeToken',
  '/api/update?zone=home&token=HomeToken&ipv4=auto',
  '/u/HomeToken',
  '/u/HomeToken/',
  '/dynamic/update.php?HomeToken',
  '/nic/dyndns?action=edit&host_id=home.example.test&pass=HomeToken',
] as const;

describe('credentials in a URL', () => {
  it('are taken where nothing else is set, and not logged', async (t) => {
    const site = await openPublishedSite(t);
    for (const target of IN_URL) {
      const reply = await site.get(target);
      assert.equal(reply.status, 200, target);
      assert.ok(!reply.raw.includes('HomeToken'));
    }
    assert.ok(!JSON.stringify(site.log).includes('HomeToken'));
    assert.equal(attempts(site).length, IN_URL.length);
  });

  it('are refused over plain HTTP with `https`, and taken where a trusted proxy says HTTPS', async (t) => {
    const site = await openPublishedSite(t, { trust: ['127.0.0.1'], server: { urlCredentials: 'https' } });
    for (const target of IN_URL) {
      for (const headers of ['', 'X-Forwarded-Proto: http\r\n', 'X-Forwarded-Proto: https, http\r\n'])
        assert.equal((await site.get(target, headers)).status, 401, target);
      for (const headers of ['X-Forwarded-Proto: https\r\n', 'Forwarded: for=192.0.2.1;proto=https\r\n'])
        assert.equal((await site.get(target, headers)).status, 200, target);
    }
    assert.ok(attempts(site)[0]!.endsWith('insecure-credentials'));
  });

  it('are refused from whoever is no trusted proxy, whatever the headers say', async (t) => {
    const site = await openPublishedSite(t, { server: { urlCredentials: 'https' } });
    for (const target of IN_URL)
      assert.equal((await site.get(target, 'X-Forwarded-Proto: https\r\n')).status, 401, target);
    assert.equal(site.published('home.example.test'), '- -');
  });

  it('are never taken with `nowhere`, while headers and bodies are (D-3.5)', async (t) => {
    const site = await openPublishedSite(t, { trust: ['127.0.0.1'], server: { urlCredentials: 'nowhere' } });
    for (const target of IN_URL)
      assert.equal((await site.get(target, 'X-Forwarded-Proto: https\r\n')).status, 401, target);
    const update = '/nic/update?hostname=home.example.test&myip=198.51.100.7';
    assert.equal((await site.get(update, basic('alice', 'HomeToken'))).body, 'good 198.51.100.7\n');
    assert.equal(
      (await site.post('/nic/update?hostname=home.example.test', 'password=HomeToken&myip=198.51.100.7'))
        .body,
      'nochg 198.51.100.7\n',
    );
  });
});
