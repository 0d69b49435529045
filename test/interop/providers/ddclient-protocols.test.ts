/**
 * ddclient 3.10 with its other protocols, and over HTTPS through the shipped nginx configuration, with the
 * certificate verified.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Finished, run, temporaryDirectory } from '../homing-process.ts';
import { ACCOUNT, HOSTS, assertPublished, needProgram, startScenario } from '../programs.ts';
import { startNginxFront } from '../fronts/nginx-front.ts';

const [HOME, VPN] = HOSTS;

/** Protocols that ddclient 3.10 speaks over HTTPS only, and how it says that an update was taken. */
const PROTOCOLS = [
  { protocol: 'noip', success: 'good: IP address set to ADDRESS', failure: 'authorization failed' },
  { protocol: 'dyndns1', success: 'NOERROR: IP address set to ADDRESS', failure: 'authorization failed' },
  { protocol: 'duckdns', success: 'good: IP address set to ADDRESS', failure: 'authorization failed' },
] as const;

test('ddclient over HTTPS through nginx', async (t) => {
  const [program, nginx, openssl] = ['ddclient', 'nginx', 'openssl'].map((name) => needProgram(t, name));
  if (program === undefined || nginx === undefined || openssl === undefined) return;
  const server = await startScenario(t, { env: { HOMING_HTTP_TRUSTED_PROXIES: '127.0.0.1' } });
  const { plain, tls, certificate } = await startNginxFront(t, { nginx, openssl, server });
  const ddclient = await createDdclient(t, program);
  const settings = (protocol: string, use: string, secret = server.token): readonly string[] => [
    ...['ssl=yes', `ssl_ca_file=${certificate}`, `protocol=${protocol}`, use, `server=127.0.0.1:${tls}`],
    ...[`login=${ACCOUNT}`, `password='${secret}'`],
  ];

  for (const [i, { protocol, success, failure }] of PROTOCOLS.entries()) {
    await t.test(`protocol=${protocol}`, async () => {
      const address = `198.51.100.${7 + i}`;
      const use = `use=ip, ip=${address}`;
      for (const round of ['first', 'again']) {
        const updated = await ddclient([...settings(protocol, use), HOME]);
        assert.equal(updated.status, 0, `${round}: ${updated.output}`);
        assert.match(updated.cache, /status=good/, round);
        if (round === 'first')
          assert.match(
            updated.output,
            new RegExp(`SUCCESS:.*${HOME}: ${success.replace('ADDRESS', address)}`),
          );
        await assertPublished(server, HOME, { ipv4: address });
      }
      const refused = await ddclient([...settings(protocol, 'use=ip, ip=203.0.113.1', 'wrong'), HOME]);
      assert.equal(refused.status, 1, refused.output);
      assert.match(refused.output, new RegExp(`FAILED:.*${HOME}: ${failure}`));
      const unknown = await ddclient([...settings(protocol, 'use=ip, ip=203.0.113.1'), 'nobody.dyn.test']);
      assert.equal(unknown.status, 1, unknown.output);
      assert.doesNotMatch(unknown.cache, /status=good/);
      await assertPublished(server, HOME, { ipv4: address });
    });
  }

  await t.test('protocol=noip with two hosts', async () => {
    const { status, output } = await ddclient([
      ...settings('noip', 'use=ip, ip=198.51.100.20'),
      `${HOME},${VPN}`,
    ]);
    assert.equal(status, 0, output);
    for (const host of HOSTS) await assertPublished(server, host, { ipv4: '198.51.100.20' });
  });

  await t.test('protocol=dyndns2, with checkip over HTTPS too', async () => {
    const web = `use=web, web=https://127.0.0.1:${tls}/checkip, web-skip='Current IP Address:'`;
    const { status, output } = await ddclient([...settings('dyndns2', web), HOME]);
    assert.equal(status, 0, output);
    assert.match(output, /SUCCESS:.*good: IP address set to 127\.0\.0\.1/);
    await assertPublished(server, HOME, { ipv4: '127.0.0.1' });
  });

  await t.test('as an EdgeRouter configures it: ssl=yes at the top, ssl=no for the host', async () => {
    const { status, output } = await ddclient([
      ...['ssl=yes', 'use=ip, ip=198.51.100.30', `server=127.0.0.1:${plain},protocol=dyndns2`],
      ...['max-interval=28d', 'ssl=no', `login=${ACCOUNT}`, `password='${server.token}'`, HOME],
    ]);
    assert.equal(status, 0, output);
    await assertPublished(server, HOME, { ipv4: '198.51.100.30' });
  });
});

/** A function that runs ddclient once with the given lines and an empty cache; gives its output and its cache. */
async function createDdclient(
  t: TestContext,
  program: string,
): Promise<(lines: readonly string[]) => Promise<Finished & { cache: string }>> {
  const directory = await temporaryDirectory(t);
  const at = (name: string): string => join(directory, name);
  const flags = ['-daemon=0', '-foreground', '-force', '-noquiet', '-verbose', '-debug'];
  const files = ['-file', at('conf'), '-cache', at('cache'), '-pid', at('pid')];
  return async (lines) => {
    await writeFile(at('conf'), ['daemon=0', 'syslog=no', ...lines, ''].join('\n'), { mode: 0o600 });
    await rm(at('cache'), { force: true });
    const finished = await run(program, [...flags, ...files]);
    return { ...finished, cache: await readFile(at('cache'), 'utf8') };
  };
}
