/**
 * ddclient 3.10 with a configuration file, one run as from cron. It says what came of an update by its exit status, in
 * its log (`SUCCESS:`, `WARNING:`, `FAILED:`) and in its cache: these tests read all three.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { administer } from './administer.ts';
import { type Finished, run, temporaryDirectory } from './homing-process.ts';
import { ACCOUNT, HOSTS, PASSWORD, assertPublished, needProgram, startScenario } from './programs.ts';

const [HOME, VPN] = HOSTS;

interface Settings {
  readonly hosts?: string;
  readonly login?: string;
  readonly password?: string;
  /** The lines that say where the address comes from. */
  readonly use?: readonly string[];
}

test('ddclient', async (t) => {
  const program = needProgram(t, 'ddclient');
  if (program === undefined) return;
  const server = await startScenario(t);
  const ddclient = await createDdclient(t, program, server.httpPort);

  await t.test('updates one host', async () => {
    const { status, output, cache } = await ddclient({});
    assert.equal(status, 0, output);
    assert.match(output, succeeded(HOME, '198.51.100.7'));
    assert.match(cache, /status=good/);
    await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  });

  await t.test('takes an unchanged address for a success', async () => {
    const { status, output, cache } = await ddclient({});
    assert.equal(status, 0, output);
    assert.match(output, new RegExp(`WARNING:.*updating ${HOME}: nochg: No update required`));
    assert.doesNotMatch(output, /FAILED/);
    assert.match(cache, /status=good/);
    await assertPublished(server, HOME, { ipv4: '198.51.100.7' });
  });

  await t.test('updates several hosts in one request, with a token as password', async () => {
    const use = ['use=ip', 'ip=198.51.100.8'];
    const { status, output } = await ddclient({ hosts: `${HOME},${VPN}`, password: server.token, use });
    assert.equal(status, 0, output);
    assert.match(output, succeeded(HOME, '198.51.100.8'));
    assert.match(output, succeeded(VPN, '198.51.100.8'));
    for (const host of HOSTS) await assertPublished(server, host, { ipv4: '198.51.100.8' });
  });

  await t.test('updates an IPv6 address and keeps the IPv4 one', async () => {
    const { status, output } = await ddclient({ use: ['use=ip', 'ip=2001:db8::7'] });
    assert.equal(status, 0, output);
    assert.match(output, succeeded(HOME, '2001:db8::7'));
    await assertPublished(server, HOME, { ipv4: '198.51.100.8', ipv6: '2001:db8::7' });
  });

  await t.test('learns its address from /checkip', async () => {
    const page = `http://127.0.0.1:${server.httpPort}/checkip`;
    // On one line, as in clients/examples.
    const use = [`use=web, web=${page}, web-skip='Current IP Address:'`];
    const { status, output } = await ddclient({ use });
    assert.equal(status, 0, output);
    assert.match(output, succeeded(HOME, '127.0.0.1'));
    await assertPublished(server, HOME, { ipv4: '127.0.0.1', ipv6: '2001:db8::7' });
  });

  await t.test('reports a wrong password as a failed authorization', async () => {
    const use = ['use=ip', 'ip=203.0.113.1'];
    const { status, output, cache } = await ddclient({ password: 'wrong', use });
    assert.equal(status, 1, output);
    assert.match(output, new RegExp(`FAILED:.*updating ${HOME}: authorization failed`));
    assert.doesNotMatch(output, /SUCCESS/);
    assert.doesNotMatch(cache, /status=good/);
    await assertPublished(server, HOME, { ipv4: '127.0.0.1', ipv6: '2001:db8::7' });
  });

  await t.test('reports a host that the operator has blocked', async () => {
    const block = (kind: 'host-block' | 'host-unblock'): Promise<unknown> =>
      administer(server.dataDirectory, (carryOut) => carryOut<typeof kind>({ kind, fqdn: HOME }));
    const use = ['use=ip', 'ip=203.0.113.1'];
    await block('host-block');
    const { status, output, cache } = await ddclient({ use });
    assert.equal(status, 1, output);
    assert.match(output, new RegExp(`FAILED:.*updating ${HOME}: abuse: The hostname specified is blocked`));
    assert.match(cache, /status=abuse/);
    await assertPublished(server, HOME, { ipv4: '127.0.0.1', ipv6: '2001:db8::7' });
    await block('host-unblock');
  });

  await t.test('reports an unknown host, and updates the known one beside it', async () => {
    const { status, output } = await ddclient({
      hosts: `nobody.dyn.test,${VPN}`,
      use: ['use=ip', 'ip=198.51.100.9'],
    });
    assert.equal(status, 1, output);
    assert.match(output, /FAILED:.*updating nobody\.dyn\.test: nohost/);
    assert.match(output, succeeded(VPN, '198.51.100.9'));
    await assertPublished(server, VPN, { ipv4: '198.51.100.9' });
    await assertPublished(server, 'nobody.dyn.test', {});
  });
});

function succeeded(host: string, address: string): RegExp {
  return new RegExp(`SUCCESS:.*updating ${host}: good: IP address set to ${address}`);
}

/** A function that runs ddclient once with the given settings and an empty cache; gives its output and its cache. */
async function createDdclient(
  t: TestContext,
  program: string,
  port: number,
): Promise<(settings: Settings) => Promise<Finished & { cache: string }>> {
  const directory = await temporaryDirectory(t);
  const [file, cacheFile, pid] = ['ddclient.conf', 'cache', 'pid'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  return async ({
    hosts = HOME,
    login = ACCOUNT,
    password = PASSWORD,
    use = ['use=ip', 'ip=198.51.100.7'],
  }) => {
    const lines = [
      ...['daemon=0', 'syslog=no', 'ssl=no', 'protocol=dyndns2'],
      ...use,
      `server=127.0.0.1:${port}`,
      ...['script=/nic/update', `login=${login}`, `password='${password}'`],
      hosts,
    ];
    await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
    await rm(cacheFile, { force: true });
    const flags = ['-daemon=0', '-foreground', '-force', '-noquiet', '-verbose', '-debug'];
    const finished = await run(program, [...flags, '-file', file, '-cache', cacheFile, '-pid', pid]);
    return { ...finished, cache: await readFile(cacheFile, 'utf8') };
  };
}
