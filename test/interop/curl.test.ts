/** curl, as people paste it: the exit status and the printed reply. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './homing-process.ts';
import { ACCOUNT, HOSTS, PASSWORD, assertPublished, needProgram, startScenario } from './programs.ts';

test('curl updates a host, and DNS answers it at once', async (t) => {
  const curl = needProgram(t, 'curl');
  if (curl === undefined) return;
  const server = await startScenario(t);
  const [home, vpn] = HOSTS;
  const base = `http://127.0.0.1:${server.httpPort}`;
  const user = `${ACCOUNT}:${PASSWORD}`;
  const request = (...args: string[]): Promise<string> =>
    run(curl, ['--silent', '--show-error', '--max-time', '10', ...args]).then((result) => {
      assert.equal(result.status, 0, result.output);
      return result.stdout;
    });

  await t.test('one host with the account password', async () => {
    const url = `${base}/nic/update?hostname=${home}&myip=198.51.100.7`;
    assert.equal(await request('--user', user, url), 'good 198.51.100.7\n');
    await assertPublished(server, home, { ipv4: '198.51.100.7' });
    assert.equal(await request('--user', user, url), 'nochg 198.51.100.7\n');
  });

  await t.test('several hosts and both families with a token', async () => {
    const url = `${base}/nic/update?hostname=${home},${vpn}&myip=198.51.100.8,2001:DB8::8`;
    const line = 'good 198.51.100.8,2001:db8::8\n';
    assert.equal(await request('--user', `${ACCOUNT}:${server.token}`, url), line + line);
    for (const host of HOSTS)
      await assertPublished(server, host, { ipv4: '198.51.100.8', ipv6: '2001:db8::8' });
  });

  await t.test('a bearer token, and the source address where none is given', async () => {
    const url = `${base}/nic/update?hostname=${vpn}`;
    const reply = await request(
      '--interface',
      '127.0.0.9',
      '--header',
      `Authorization: Bearer ${server.token}`,
      url,
    );
    assert.match(reply, /^good 127\.0\.0\.9/);
    await assertPublished(server, vpn, { ipv4: '127.0.0.9', ipv6: '2001:db8::8' });
  });

  await t.test('POST with a form', async () => {
    const form = ['--data', `hostname=${home}`, '--data', 'myip=198.51.100.9'];
    assert.match(await request('--user', user, ...form, `${base}/nic/update`), /^good 198\.51\.100\.9/);
    await assertPublished(server, home, { ipv4: '198.51.100.9', ipv6: '2001:db8::8' });
  });

  await t.test('the URL of a FRITZ!Box that has no IPv6 keeps the IPv6 address', async () => {
    const url = `${base}/nic/update?hostname=${home}&myip=198.51.100.10&myipv6=`;
    const reply = await request('--user', `${ACCOUNT}:${server.token}`, '-A', 'Fritz!Box DDNS/1.0.1', url);
    assert.equal(reply, 'good 198.51.100.10\n');
    await assertPublished(server, home, { ipv4: '198.51.100.10', ipv6: '2001:db8::8' });
  });

  await t.test('a wrong password fails with --fail, and changes nothing', async () => {
    const url = `${base}/nic/update?hostname=${home}&myip=203.0.113.1`;
    const failed = await run(curl, ['--silent', '--fail', '--user', `${ACCOUNT}:wrong`, url]);
    assert.equal(failed.status, 22, failed.output);
    assert.equal(await request('--user', `${ACCOUNT}:wrong`, url), 'badauth\n');
    await assertPublished(server, home, { ipv4: '198.51.100.10', ipv6: '2001:db8::8' });
  });

  await t.test('an unknown host', async () => {
    const url = `${base}/nic/update?hostname=nobody.dyn.test&myip=203.0.113.1`;
    assert.equal(await request('--user', user, url), 'nohost\n');
    await assertPublished(server, 'nobody.dyn.test', {});
  });

  await t.test('checkip over HTTP/1.0 and 1.1', async () => {
    assert.equal(await request('--http1.0', `${base}/ip`), '127.0.0.1\n');
    assert.match(await request(`${base}/checkip`), /Current IP Address: 127\.0\.0\.1</);
  });
});
