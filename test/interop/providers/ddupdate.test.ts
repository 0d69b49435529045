/**
 * ddupdate of Debian, unchanged, with its plug-ins for No-IP (Basic credentials only after a challenge), and for DuckDNS
 * over HTTPS through the shipped nginx configuration. It tells success by its exit status.
 */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePorts } from '../free-ports.ts';
import { type Finished, run, temporaryDirectory } from '../homing-process.ts';
import { ACCOUNT, HOSTS, needProgram } from '../programs.ts';
import { startNginxFront } from '../fronts/nginx-front.ts';
import { PROVIDER_ADDRESS, startProvider } from './provider-hosts.ts';

const [HOME] = HOSTS;

/** Plug-ins and the name of each one's server. */
const PLUGINS = [
  { plugin: 'no-ip.com', name: 'dynupdate.no-ip.com' },
  { plugin: 'duckdns.org', name: 'www.duckdns.org' },
] as const;

test('ddupdate', async (t) => {
  const [program, nginx, openssl] = ['ddupdate', 'nginx', 'openssl'].map((name) => needProgram(t, name));
  if (program === undefined || nginx === undefined || openssl === undefined) return;
  const names = [...PLUGINS.map(({ name }) => name), 'dynv6.com'];
  const provider = await startProvider(t, names);
  if (provider === undefined) return;
  const { server } = provider;
  const ports = { ...(await freePorts('plain')), tls: 443 };
  const front = { nginx, openssl, server, address: PROVIDER_ADDRESS, ports, names };
  const { certificate } = await startNginxFront(t, front);
  const home = await temporaryDirectory(t);
  const ddupdate = async (plugin: string, password: string, address: string): Promise<Finished> => {
    const logins = names.map((name) => `machine ${name} login ${ACCOUNT} password ${password}\n`);
    await writeFile(join(home, '.netrc'), logins.join(''), { mode: 0o600 });
    await rm(join(home, '.cache'), { recursive: true, force: true });
    await mkdir(join(home, '.cache'));
    const command = ['-c', '/dev/null', '-H', HOME, '-s', plugin, '-a', 'hardcoded-ip', '-l', 'debug', '-f'];
    const env = { HOME: home, SSL_CERT_FILE: certificate };
    return provider.run(program, [...command, '-O', `ip=${address}`], env);
  };

  for (const [i, { plugin }] of PLUGINS.entries()) {
    await t.test(`${plugin}: changed, unchanged, refused`, async () => {
      const address = `198.51.100.${7 + i}`;
      for (const round of ['first', 'again']) {
        const { status, output } = await ddupdate(plugin, server.token, address);
        assert.equal(status, 0, `${round}: ${output}`);
        const { stdout } = await run('dig', [
          ...['@127.0.0.1', '-p', String(server.dnsPort), '+norec', '+short', HOME, 'A'],
        ]);
        assert.equal(stdout.trim(), address, round);
      }
      const refused = await ddupdate(plugin, 'wrong', '203.0.113.1');
      assert.notEqual(refused.status, 0, refused.output);
      assert.match(refused.output, /401/);
    });
  }

  await t.test('dynv6.com: over IPv4 the IPv6 address is kept', async () => {
    const { status, output } = await ddupdate('dynv6.com', server.token, '198.51.100.9');
    assert.equal(status, 0, output);
  });
});
