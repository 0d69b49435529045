/**
 * inadyn 2.10 with a configuration file and its `custom` provider, the one that can be pointed at any server: the
 * form that routers with inadyn inside use. It tells success from failure by its exit status and by its log.
 */
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { administer } from './administer.ts';
import { type Finished, run, temporaryDirectory } from './homing-process.ts';
import { ACCOUNT, HOSTS, PASSWORD, assertPublished, needProgram, startScenario } from './programs.ts';

const [HOME, VPN] = HOSTS;

interface Settings {
  readonly hosts?: readonly string[];
  readonly password?: string;
  /** Undefined: ask Homing's checkip. */
  readonly address?: string;
  /** What the script that writes its configuration puts behind its own parameters. */
  readonly query?: string;
}

test('inadyn', async (t) => {
  const program = needProgram(t, 'inadyn');
  if (program === undefined) return;
  const server = await startScenario(t);
  const inadyn = await createInadyn(t, program, server.httpPort);

  await t.test('updates one host', async () => {
    const { status, output } = await inadyn({ address: '198.51.100.7' });
    assert.equal(status, 0, output);
    assert.match(output, /Successful alias table update for home\.dyn\.test => new IP# 198\.51\.100\.7/);
    await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  });

  await t.test('takes an unchanged address for a success', async () => {
    const { status, output } = await inadyn({ address: '198.51.100.7' });
    assert.equal(status, 0, output);
    assert.match(output, /nochg 198\.51\.100\.7/);
    assert.match(output, /Successful alias table update/);
    await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  });

  await t.test('updates several hosts, with a token as password', async () => {
    const { status, output } = await inadyn({
      hosts: HOSTS,
      password: server.token,
      address: '198.51.100.8',
    });
    assert.equal(status, 0, output);
    for (const host of HOSTS) {
      assert.match(output, new RegExp(`Successful alias table update for ${host}`));
      await assertPublished(server, host, { ipv4: '198.51.100.8' });
    }
  });

  await t.test('updates an IPv6 address and keeps the IPv4 one', async () => {
    const { status, output } = await inadyn({ address: '2001:db8::7' });
    assert.equal(status, 0, output);
    await assertPublished(server, HOME, { ipv4: '198.51.100.8', ipv6: '2001:db8::7' });
  });

  await t.test('learns its address from /checkip', async () => {
    const { status, output } = await inadyn({});
    assert.equal(status, 0, output);
    await assertPublished(server, HOME, { ipv4: '127.0.0.1', ipv6: '2001:db8::7' });
  });

  await t.test('ends with an authentication failure where the password is wrong', async () => {
    const { status, output } = await inadyn({ password: 'wrong', address: '203.0.113.1' });
    assert.notEqual(status, 0, output);
    assert.match(output, /Authentication failure/i);
    assert.doesNotMatch(output, /Successful alias table update/);
    await assertPublished(server, HOME, { ipv4: '127.0.0.1', ipv6: '2001:db8::7' });
  });

  await t.test('ends with a failure where the host is unknown', async () => {
    const { status, output } = await inadyn({ hosts: ['nobody.dyn.test'], address: '203.0.113.1' });
    assert.notEqual(status, 0, output);
    assert.match(output, /nohost/);
    assert.doesNotMatch(output, /Successful alias table update/);
    await assertPublished(server, 'nobody.dyn.test', {});
  });

  await t.test('updates the other host all the same', async () => {
    const { status, output } = await inadyn({ hosts: [VPN], address: '198.51.100.9' });
    assert.equal(status, 0, output);
    await assertPublished(server, VPN, { ipv4: '198.51.100.9' });
  });

  await t.test('reports a prefix beside the address, and the hosts on it move', async () => {
    await administer(server.dataDirectory, (carryOut) =>
      carryOut({
        kind: 'host-set',
        fqdn: VPN,
        addresses: [],
        derived: { router: HOME, interfaceId: '::25', subnet: 3 },
      }),
    );
    const sent = { address: '198.51.100.9', query: '&ip6lanprefix=2001:db8:1:200::/56' };
    const { status, output } = await inadyn(sent);
    assert.equal(status, 0, output);
    await assertPublished(server, HOME, { ipv4: '198.51.100.9', ipv6: '2001:db8::7' });
    await assertPublished(server, VPN, { ipv4: '198.51.100.9', ipv6: '2001:db8:1:203::25' });
  });
});

/** A function that runs inadyn once with the given settings and an empty cache. */
async function createInadyn(
  t: TestContext,
  program: string,
  port: number,
): Promise<(settings: Settings) => Promise<Finished>> {
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'inadyn.conf');
  const cache = join(directory, 'cache');
  return async ({ hosts = [HOME], password = PASSWORD, address, query = '' }) => {
    const names = hosts.map((host) => `"${host}"`).join(', ');
    const lines = [
      'period = 300',
      'verify-address = false',
      `allow-ipv6 = ${address?.includes(':') === true}`,
      'custom homing {',
      '  ssl = false',
      `  username = "${ACCOUNT}"`,
      `  password = "${password}"`,
      `  ddns-server = "127.0.0.1:${port}"`,
      `  ddns-path = "/nic/update?hostname=%h&myip=%i${query}"`,
      `  hostname = ${hosts.length === 1 ? names : `{ ${names} }`}`,
      ...(address === undefined
        ? ['  checkip-ssl = false', `  checkip-server = "127.0.0.1:${port}"`, '  checkip-path = "/checkip"']
        : [`  checkip-command = "/bin/echo ${address}"`]),
      '}',
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    await rm(cache, { recursive: true, force: true });
    await mkdir(cache);
    const flags = ['--once', '--force', '--foreground', '--loglevel=debug', '--no-pidfile'];
    return run(program, [...flags, `--cache-dir=${cache}`, `--config=${file}`]);
  };
}
